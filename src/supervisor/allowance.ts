import type { PoolWorker } from "../pool/worker.js";

/** How many more jobs workers may take in their lives: any number, unless they are limited. */
export class Allowance {
  readonly #left = new WeakMap<PoolWorker, number>();

  limit(worker: PoolWorker, most: number): void {
    this.#left.set(worker, most);
  }

  left(worker: PoolWorker): number {
    return this.#left.get(worker) ?? Infinity;
  }

  /** It was given so many; those that it gives back do not count. */
  use(worker: PoolWorker, jobs: number): void {
    const left = this.#left.get(worker);
    if (left !== undefined) this.#left.set(worker, left - jobs);
  }
}
