import { clearTimeout, monotonic, setTimeout } from "../clock.js";
import type { Pool } from "../pool/pool.js";
import type { Categories, Store } from "../store/store.js";

/** Counting what waits costs the store; the pool needs to know it no more often than this, in milliseconds. */
const interval = 20;
/** More than this makes no difference to any pool. */
const most = 10_000;

/** Tells the pool how many jobs wait. */
export class Demand {
  readonly #store: Pick<Store, "countReady">;
  readonly #pool: Pool;
  readonly #categories: Categories;
  readonly #onError: (cause: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  /** There was news since the count that is under way was begun. */
  #again = false;
  #measuredAt = -Infinity;
  #ready = 0;
  #stopped = false;

  constructor(
    store: Pick<Store, "countReady">,
    pool: Pool,
    categories: Categories,
    onError: (cause: unknown) => void,
  ) {
    this.#store = store;
    this.#pool = pool;
    this.#categories = categories;
    this.#onError = onError;
  }

  /** Nothing waits: claims have got all. */
  drained(): void {
    this.#tell(0);
  }

  /** Counts, now or as soon as the last count is old enough; nothing while an idle worker's claim will tell. */
  measure(): void {
    if (!this.#pool.scaling || this.#stopped) return;
    if (this.#timer !== undefined) {
      this.#again = true;
      return;
    }
    for (const { phase } of this.#pool.workers.values()) {
      if (phase === "idle") return;
    }
    const wait = Math.max(0, this.#measuredAt + interval - monotonic());
    this.#timer = setTimeout(() => {
      this.#again = false;
      this.#count().catch(this.#onError);
    }, wait).unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #count(): Promise<void> {
    this.#measuredAt = monotonic();
    try {
      this.#tell(await this.#store.countReady(this.#categories, most));
    } finally {
      this.#timer = undefined;
      this.#measuredAt = monotonic();
    }
    if (this.#again) this.measure();
  }

  #tell(ready: number): void {
    if (this.#stopped || (ready === 0 && this.#ready === 0)) return;
    this.#ready = ready;
    this.#pool.load(ready);
  }
}
