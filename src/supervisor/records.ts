import { clearTimeout, setTimeout } from "../clock.js";

const retryAfter = 1_000;

/**
 * Writes what has happened. A fault of the store must not lose it: it is told, and tried again until
 * it is written or the instance ends; then closing the store gives the job back, or the next `open` does.
 */
export class Records {
  readonly #onError: (error: Error) => void;
  readonly #waits = new Map<NodeJS.Timeout, () => Promise<void>>();
  #writing = 0;
  #settled: (() => void)[] = [];
  #closed = false;

  constructor(onError: (error: Error) => void) {
    this.#onError = onError;
  }

  write(operation: () => Promise<void>): void {
    this.#writing += 1;
    this.#try(operation);
  }

  /** Resolves when all has been written. */
  async settled(): Promise<void> {
    if (this.#writing === 0) return;
    await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  /** What cannot be written at the next try is given up. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const [timer, operation] of this.#waits) {
      clearTimeout(timer);
      this.#try(operation);
    }
    this.#waits.clear();
    await this.settled();
  }

  #try(operation: () => Promise<void>): void {
    operation().then(this.#done, (cause: unknown) => {
      this.#onError(cause as Error);
      if (this.#closed) this.#done();
      else this.#tryLater(operation);
    });
  }

  #tryLater(operation: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#waits.delete(timer);
      this.#try(operation);
    }, retryAfter);
    this.#waits.set(timer, operation);
  }

  readonly #done = (): void => {
    this.#writing -= 1;
    if (this.#writing > 0) return;
    for (const resolve of this.#settled.splice(0)) resolve();
  };
}
