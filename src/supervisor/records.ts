import { clearTimeout, setTimeout } from "../clock.js";
import { Underway } from "../underway.js";

const retryAfter = 1_000;

/**
 * Writes what has happened. A fault of the store must not lose it: it is told, and tried again until
 * it is written or the instance ends; then closing the store gives the job back, or the next `open` does.
 */
export class Records {
  readonly #onError: (cause: unknown) => void;
  readonly #writes = new Underway();
  /** Those that wait for their next try. */
  readonly #waits = new Map<NodeJS.Timeout, () => void>();
  #closed = false;

  constructor(onError: (cause: unknown) => void) {
    this.#onError = onError;
  }

  /** Resolves when it has been written, or given up. */
  write(operation: () => Promise<void>): Promise<void> {
    return this.#writes.follow(this.#untilWritten(operation));
  }

  /** Resolves when all that has happened until now has been written. */
  settled(): Promise<void> {
    return this.#writes.settled();
  }

  /** What cannot be written at the next try is given up. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const [timer, again] of this.#waits) {
      clearTimeout(timer);
      again();
    }
    this.#waits.clear();
    while (this.#writes.size > 0) await this.settled();
  }

  async #untilWritten(operation: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await operation();
        return;
      } catch (cause) {
        this.#onError(cause);
      }
      if (this.#closed) return;
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waits.delete(timer);
        resolve();
      }, retryAfter);
      this.#waits.set(timer, resolve);
    });
  }
}
