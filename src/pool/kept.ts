import type { Wanted } from "./wanted.js";
import type { PoolWorker } from "./worker.js";

/** Single forked workers: each is replaced when it dies, until it is told to end; under its number, if it is free. */
export class KeptWorkers {
  readonly #wanted = new Map<PoolWorker, Wanted>();
  readonly #replacing = new Set<PoolWorker>();

  get size(): number {
    return this.#wanted.size;
  }

  add(worker: PoolWorker, wanted: Wanted): void {
    if (!worker.unwanted) this.#wanted.set(worker, wanted);
  }

  departed(worker: PoolWorker): void {
    if (worker.unwanted) this.#wanted.delete(worker);
  }

  clear(): void {
    this.#wanted.clear();
  }

  /** Starts those again that have died. */
  replace(start: (wanted: Wanted) => Promise<PoolWorker | undefined>): void {
    for (const [worker, wanted] of this.#wanted) {
      if (worker.phase !== "dead" || this.#replacing.has(worker)) continue;
      this.#replacing.add(worker);
      void start({ ...wanted, nr: worker.nr, anyNr: true })
        .then((fresh) => {
          if (fresh !== undefined && this.#wanted.delete(worker))
            this.add(fresh, wanted);
        })
        .finally(() => this.#replacing.delete(worker));
    }
  }
}
