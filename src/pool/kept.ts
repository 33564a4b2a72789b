import type { Wanted } from "./wanted.js";
import type { PoolWorker } from "./worker.js";

/** Single forked workers: each is replaced under its number when it dies, until it is told to end. */
export class KeptWorkers {
  readonly #wanted = new Map<number, Wanted>();
  readonly #replacing = new Set<number>();

  get size(): number {
    return this.#wanted.size;
  }

  add({ nr, unwanted }: PoolWorker, wanted: Wanted): void {
    if (!unwanted) this.#wanted.set(nr, { ...wanted, nr });
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
    start: (wanted: Wanted) => Promise<unknown>,
  ): void {
    for (const [nr, wanted] of this.#wanted) {
      if (present(nr) || this.#replacing.has(nr)) continue;
      this.#replacing.add(nr);
      void start(wanted).finally(() => this.#replacing.delete(nr));
    }
  }
}
