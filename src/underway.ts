/** Promises that have not come to their ends. */
export class Underway {
  readonly #promises = new Set<Promise<unknown>>();

  get size(): number {
    return this.#promises.size;
  }

  /** Gives it back. */
  follow<T>(promise: Promise<T>): Promise<T> {
    this.#promises.add(promise);
    const over = (): void => {
      this.#promises.delete(promise);
    };
    promise.then(over, over);
    return promise;
  }

  /** Resolves when all that are under way now have come to their ends, whichever these are. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#promises);
  }
}
