import { clearTimeout, setTimeout } from "../clock.js";

const retryAfter = 1_000;

/**
 * Writes what has happened. A fault of the store must not lose it: it is told, and tried again until
 * it is written or the instance ends; then the next `open` finds the job RUNNING and settles it.
 */
export class Records {
  readonly #onError: (error: Error) => void;
  readonly #writing = new Set<Promise<void>>();
  readonly #wakes = new Set<() => void>();
  #closed = false;

  constructor(onError: (error: Error) => void) {
    this.#onError = onError;
  }

  write(operation: () => Promise<void>): void {
    const writing = this.#try(operation).finally(() =>
      this.#writing.delete(writing),
    );
    this.#writing.add(writing);
  }

  /** Resolves when all has been written. */
  async settled(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
  }

  /** What cannot be written at the next try is given up. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#wakes) wake();
    await this.settled();
  }

  async #try(operation: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await operation();
        return;
      } catch (cause) {
        this.#onError(cause as Error);
        if (this.#closed) return;
        await this.#pause();
      }
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakes.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, retryAfter);
      this.#wakes.add(wake);
    });
  }
}
