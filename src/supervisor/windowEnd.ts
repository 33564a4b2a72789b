import { monotonic, setTimeout } from "../clock.js";
import { isLive } from "../models/worker.js";
import type { Windows } from "../pool/window.js";
import type { HaltOrder, Store } from "../store/store.js";

/** After a kill order, how long its own host may take before a window is ended by force, in milliseconds. */
export const forceAfter = 3_000;
/** Between two looks whether it has ended, in milliseconds. */
const pause = 25;

/** Ends workers in windows: by orders in the store, and those whose host does not obey by force. */
export class WindowEnd {
  readonly #store: Store;
  readonly #windows: Windows;
  #hastened = Infinity;
  #forced = false;

  constructor(store: Store, windows: Windows) {
    this.#store = store;
    this.#windows = windows;
  }

  get forced(): boolean {
    return this.#forced;
  }

  /** From now on nothing may finish. */
  hasten(): void {
    this.#hastened = Math.min(this.#hastened, monotonic());
  }

  /** Lets it finish its job for `timeout` milliseconds, then kills it; resolves when the window is gone. */
  async end(nr: number, timeout: number, requeue: boolean): Promise<void> {
    const patience = monotonic() + timeout;
    let ordered = "";
    for (;;) {
      const [worker] = await this.#store.findWorkers({ nr, type: "tmux" });
      if (worker === undefined) break;
      const host = await this.#store.windows.host(worker.host);
      const live = isLive(worker);
      if (!live && host === undefined) break;
      const limit = Math.min(patience, this.#hastened);
      if (host !== undefined && monotonic() > limit + forceAfter) {
        this.#forced = true;
        await this.#windows.kill(nr, host);
        break;
      }
      const kill: HaltOrder = requeue ? "requeue" : "kill";
      const order = monotonic() < limit ? "halt" : kill;
      // It may have replaced its process meanwhile, and then is another worker.
      if (live && ordered !== `${String(worker.id)} ${order}`) {
        await this.#store.haltWorker(worker.id, order);
        ordered = `${String(worker.id)} ${order}`;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    await this.#windows.closed(nr);
  }
}
