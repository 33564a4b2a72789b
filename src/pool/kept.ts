import type { Wanted } from "./wanted.js";
import type { PoolWorker } from "./worker.js";

/** Single forked workers: each is replaced when it dies, until it is told to end; under its number, if it is free. */
export class KeptWorkers {
  readonly #wanted = new Map<number, Wanted>();
  readonly #replacing = new Set<number>();

  get size(): number {
    return this.#wanted.size;
  }

  add({ nr, unwanted }: PoolWorker, wanted: Wanted): void {
    if (!unwanted) this.#wanted.set(nr, { ...wanted, nr, anyNr: true });
  }

  departed({ nr, unwanted, settings }: PoolWorker): void {
    if (unwanted && !settings.scaled) this.#wanted.delete(nr);
  }

  clear(): void {
    this.#wanted.clear();
  }

  /** Starts those again that are not there. */
  replace(
    present: (nr: number) => boolean,
    start: (wanted: Wanted) => Promise<PoolWorker | undefined>,
  ): void {
    for (const [nr, wanted] of this.#wanted) {
      if (present(nr) || this.#replacing.has(nr)) continue;
      this.#replacing.add(nr);
      void start(wanted)
        .then((worker) => {
          if (worker !== undefined) this.#replaced(nr, worker, wanted);
        })
        .finally(() => this.#replacing.delete(nr));
    }
  }

  #replaced(nr: number, worker: PoolWorker, wanted: Wanted): void {
    if (worker.nr !== nr && this.#wanted.delete(nr)) this.add(worker, wanted);
  }
}
