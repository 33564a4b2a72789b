import type { Store } from "../store/store.js";

/** An instance, as what users hold sees it. */
export interface Running {
  /** The store; throws once the instance is stopped. */
  running(where: string): Store;
}
