import type { PoolWorker } from "../pool/worker.js";

/** Milliseconds of work that may lie ahead of a worker in its child, so that it never waits for us. */
const aheadTime = 5;
const mostAhead = 512;
/** A job that has run so long is slow: what lies behind it in the child may be taken back. */
export const slow = 10;

/** How many jobs a worker is to be given ahead: many while jobs are short, none while that is not known. */
export class Appetite {
  #took: number | undefined;
  /** A job that a host died under is sent alone; so until one turns out to be none, all are. */
  cautious = false;

  /** A job took so many milliseconds. */
  learn(took: number): void {
    this.#took =
      this.#took === undefined ? took : this.#took * 0.9 + took * 0.1;
  }

  /** How many more jobs a worker would take now. */
  of(worker: PoolWorker): number {
    const { holds, settings } = worker;
    if (!worker.open) return 0;
    if (this.cautious) return holds === 0 ? 1 : 0;
    if (settings.concurrency > 1 || !worker.ahead)
      return settings.concurrency - holds;
    if (worker.slowFor > slow) return 0;
    const most =
      this.#took === undefined
        ? 1
        : Math.min(
            mostAhead,
            Math.floor(aheadTime / Math.max(this.#took, 0.01)),
          );
    // Refilled by halves, since each claim has a cost of its own.
    return holds <= most / 2 ? Math.max(1, most) - holds : 0;
  }
}
