import { soon } from "../clock.js";
import { isForOne } from "../errors.js";
import type { ClaimedJob } from "../models/job.js";
import type { Outcome } from "../pool/outcome.js";
import type {
  Finished,
  JobFailure,
  JobFinish,
  JobRelease,
  Store,
} from "../store/store.js";
import type { EndedFields } from "./ending.js";
import { Records } from "./records.js";

export interface LedgerPort {
  /** Committed; without fields the store knows how it ended. */
  ended(id: number, fields?: EndedFields): void;
  /** Something may be claimed that could not be before. */
  news(): void;
  failed(cause: unknown): void;
}

/** The end of one that went well, with what that makes of its record: what is stored is what is told. */
type Finish = JobFinish & EndedFields;

/** Writes what became of the jobs that workers held, and tells of it when it is committed. */
export class Ledger {
  readonly #records: Records;
  readonly #store: Store;
  readonly #port: LedgerPort;
  /** What was finished in this turn of the event loop. */
  #finished: Finish[] = [];

  constructor(store: Store, port: LedgerPort) {
    this.#store = store;
    this.#port = port;
    this.#records = new Records((cause) => {
      port.failed(cause);
    });
  }

  settle(worker: number, { id, attempt }: ClaimedJob, outcome: Outcome): void {
    if (outcome.kind === "ok") {
      const { result, timeStart, timeStop } = outcome;
      // Field by field: a spread would be the most expensive part of an end.
      this.#finish({
        id,
        worker,
        attempt,
        state: "OK",
        errorCat: "NA",
        error: null,
        result,
        timeStart,
        timeStop,
      });
    } else if (outcome.kind === "failed") {
      const { errorCat, error, timeStart, timeStop } = outcome;
      const held = { id, attempt, worker };
      const failure = { ...held, errorCat, error, timeStart, timeStop };
      this.write(() => this.#writeFailed(failure));
    } else {
      const { started } = outcome;
      const release = { id, attempt, worker, started };
      this.write(() => this.#writeReleased(release));
    }
  }

  write(operation: () => Promise<void>): void {
    void this.#records.write(operation);
  }

  /** Resolves when all that has happened is in the store. */
  written(): Promise<void> {
    this.#flush();
    return this.#records.settled();
  }

  /** Like `written`, but what cannot be written at the next try is given up. */
  close(): Promise<void> {
    this.#flush();
    return this.#records.close();
  }

  /** Those whose ends came together are written together: an operation for each would cost as much as the writing. */
  #finish(finish: Finish): void {
    this.#finished.push(finish);
    if (this.#finished.length > 1) return;
    soon(() => {
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#finished.length === 0) return;
    const finished = this.#finished;
    this.#finished = [];
    this.write(() => this.#writeFinished(finished));
  }

  async #writeFinished(finishes: readonly Finish[]): Promise<void> {
    let finished: Finished;
    try {
      finished = await this.#store.finishJobs(finishes);
    } catch (cause) {
      if (finishes.length === 1 || !isForOne(cause)) throw cause;
      // One of them may be the cause, for which the others must not pay.
      const alone = finishes.map((one) => () => this.#writeFinished([one]));
      await Promise.all(alone.map((write) => this.#records.write(write)));
      return;
    }
    const { accepted, released } = finished;
    finishes.forEach((finish, index) => {
      if (accepted[index] === true) this.#port.ended(finish.id, finish);
    });
    // One that is not accepted may have been, and released others, at a try whose sync has failed.
    if (released || accepted.includes(false)) this.#port.news();
  }

  async #writeFailed(failure: JobFailure): Promise<void> {
    const { outcome, failed } = await this.#store.failJob(failure);
    if (outcome === "stale") return;
    const end = { ...failure, state: "ERROR", result: null } as const;
    this.#port.ended(failure.id, end);
    for (const dependant of failed) this.#port.ended(dependant);
  }

  async #writeReleased(release: JobRelease): Promise<void> {
    for (const ended of await this.#store.releaseJobs([release]))
      this.#port.ended(ended);
    this.#port.news();
  }
}
