import { clearTimeout, setTimeout } from "../clock.js";
import type { Pool } from "../pool/pool.js";
import type { PoolWorker } from "../pool/worker.js";
import { slow } from "./appetite.js";

/** So many times as long jobs lie behind a slow one while nobody here could take them, but other hosts might. */
const lenience = 10;

/**
 * Sees to it that no job waits in a child behind a slow one, where neither this pool nor another host
 * could run it; and that a worker's row names the slow one, for those who read the table itself.
 */
export class Stall {
  readonly #pool: Pool;
  readonly #name: (worker: PoolWorker, job: number | null) => void;
  /** The job that the row of a worker names. */
  readonly #named = new WeakMap<PoolWorker, number>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    pool: Pool,
    name: (worker: PoolWorker, job: number | null) => void,
  ) {
    this.#pool = pool;
    this.#name = name;
  }

  /** It has nothing to do. */
  rests(worker: PoolWorker): void {
    if (this.#named.delete(worker)) this.#name(worker, null);
  }

  /** Looks on for as long as some worker holds more than it runs, or its row does not name what it runs. */
  watch(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    if (this.#astray().length === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#look();
      this.watch();
    }, slow / 2);
  }

  /** Looks no more, whatever is still assigned. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #look(): void {
    const limit = this.#hasRoom ? slow : lenience * slow;
    for (const worker of this.#astray()) {
      const { current, slowFor } = worker;
      if (current === undefined || slowFor <= slow) continue;
      if (worker.ahead && slowFor > limit) worker.revoke();
      if (this.#named.get(worker) === current.id) continue;
      this.#named.set(worker, current.id);
      this.#name(worker, current.id);
    }
  }

  /** Whether a worker has nothing to do, or another may be started: taking back and claiming again has its cost. */
  get #hasRoom(): boolean {
    const { workers, bounds, scaling } = this.#pool;
    if (scaling && workers.size < bounds.nrMax) return true;
    return [...workers.values()].some(({ open, holds }) => open && holds === 0);
  }

  #astray(): PoolWorker[] {
    return [...this.#pool.workers.values()].filter((worker) => {
      const { ahead, holds, current } = worker;
      if (current === undefined) return false;
      return (ahead && holds > 1) || this.#named.get(worker) !== current.id;
    });
  }
}
