import type { WorkerType } from "../models/worker.js";

/** What a worker is to be. */
export interface Wanted {
  type: WorkerType;
  /** The lowest free number unless given. */
  nr?: number | undefined;
  /** It is to follow on one that had that number: if another has it by now, any will do. */
  anyNr?: boolean;
  debug: boolean;
  /** Whether it is one of those that the bounds are about. */
  scaled: boolean;
}
