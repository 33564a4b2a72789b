import { monotonic, sleep } from "../clock.js";
import { isLive } from "../models/worker.js";
import type { HostProcess } from "../store/neighbours.js";
import type { HaltOrder, Store } from "../store/store.js";

/** After a kill order, how long its own host may take before a window is ended by force, in milliseconds. */
export const forceAfter = 3_000;
/** Between two looks whether it has ended, in milliseconds. */
const pause = 25;

/** Ends workers in windows: by orders in the store, and those whose host does not obey by force. */
export class WindowEnd {
  readonly #store: Store;
  readonly #kill: (nr: number, host: HostProcess) => Promise<void>;
  #hastened = Infinity;

  constructor(
    store: Store,
    kill: (nr: number, host: HostProcess) => Promise<void>,
  ) {
    this.#store = store;
    this.#kill = kill;
  }

  /** From now on nothing may finish. */
  hasten(): void {
    this.#hastened = Math.min(this.#hastened, monotonic());
  }

  /** Lets it finish its job for `timeout` milliseconds, then kills it; resolves when its host is gone. */
  async end(nr: number, timeout: number, requeue: boolean): Promise<void> {
    const patience = monotonic() + timeout;
    let ordered = "";
    for (;;) {
      const [worker] = await this.#store.findWorkers({ nr, type: "tmux" });
      if (worker === undefined) return;
      const host = await this.#store.windows.host(worker.host);
      const live = isLive(worker);
      if (!live && host === undefined) return;
      const limit = Math.min(patience, this.#hastened);
      if (host !== undefined && monotonic() > limit + forceAfter)
        return this.#kill(nr, host);
      const kill: HaltOrder = requeue ? "requeue" : "kill";
      const order = monotonic() < limit ? "halt" : kill;
      // It may have replaced its process meanwhile, and then is another worker.
      if (live && ordered !== `${String(worker.id)} ${order}`) {
        await this.#store.haltWorker(worker.id, order);
        ordered = `${String(worker.id)} ${order}`;
      }
      await sleep(pause);
    }
  }
}
