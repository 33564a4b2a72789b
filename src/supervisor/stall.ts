import { clearTimeout, setTimeout } from "../clock.js";
import type { Pool } from "../pool/pool.js";
import type { PoolWorker } from "../pool/worker.js";
import { slow } from "./appetite.js";

/** Sees to it that no job waits behind a slow one while another worker could run it. */
export class Stall {
  readonly #pool: Pool;
  #timer: NodeJS.Timeout | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Looks on for as long as some worker holds more than it runs. */
  watch(): void {
    if (this.#timer !== undefined || !this.#laden().length) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#look();
      this.watch();
    }, slow / 2);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const stuck = this.#laden().filter(({ slowFor }) => slowFor > slow);
    if (stuck.length > 0 && this.#elsewhere())
      for (const worker of stuck) worker.revoke();
  }

  #laden(): PoolWorker[] {
    return [...this.#pool.workers.values()].filter(
      ({ ahead, holds }) => ahead && holds > 1,
    );
  }

  #elsewhere(): boolean {
    if (this.#pool.growable) return true;
    return [...this.#pool.workers.values()].some(
      ({ phase }) => phase === "idle" || phase === "starting",
    );
  }
}
