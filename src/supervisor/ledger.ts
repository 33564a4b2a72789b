import type { ClaimedJob } from "../models/job.js";
import type { Outcome } from "../pool/outcome.js";
import type { Store } from "../store/store.js";
import type { EndedFields } from "./ending.js";
import { Records } from "./records.js";

export interface LedgerPort {
  /** Committed; without fields the store knows how it ended. */
  ended(id: number, fields?: EndedFields): void;
  /** Something may be claimed that could not be before. */
  news(): void;
  failed(error: Error): void;
}

/** Writes what became of the jobs that workers held, and tells of it when it is committed. */
export class Ledger {
  readonly records: Records;
  readonly #store: Store;
  readonly #port: LedgerPort;

  constructor(store: Store, port: LedgerPort) {
    this.#store = store;
    this.#port = port;
    this.records = new Records((error) => {
      port.failed(error);
    });
  }

  settle(worker: number, job: ClaimedJob, outcome: Outcome): void {
    this.records.write(() => this.#settle(worker, job, outcome));
  }

  async #settle(
    worker: number,
    { id, attempt }: ClaimedJob,
    outcome: Outcome,
  ): Promise<void> {
    const held = { id, attempt, worker };
    if (outcome.kind === "released") {
      const { started } = outcome;
      for (const one of await this.#store.releaseJobs([{ ...held, started }])) {
        this.#port.ended(one);
      }
    } else if (outcome.kind === "ok") {
      const { result, timeStart, timeStop } = outcome.end;
      const end = { ...held, result, timeStart, timeStop };
      if ((await this.#store.finishJob(end)) === "stale") return;
      const good = { state: "OK", errorCat: "NA", error: null } as const;
      this.#port.ended(id, { ...end, ...good });
    } else {
      const { errorCat, error, timeStart, timeStop } = outcome;
      const end = { ...held, errorCat, error, timeStart, timeStop };
      const settlement = await this.#store.failJob(end);
      if (settlement.outcome === "stale") return;
      this.#port.ended(id, { ...end, state: "ERROR", result: null });
      for (const dependant of settlement.failed) this.#port.ended(dependant);
      return;
    }
    this.#port.news();
  }
}
