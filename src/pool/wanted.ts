import type { WorkerType } from "../models/worker.js";

/** What a worker is to be. */
export interface Wanted {
  type: WorkerType;
  /** The lowest free number unless given. */
  nr?: number | undefined;
  debug: boolean;
  /** Whether it is one of those that the bounds are about. */
  scaled: boolean;
}
