import type BetterSqlite3 from "better-sqlite3";

import { JobNotFoundError } from "../../errors.js";
import { cancelledError, type JobState, plainError } from "../../models/job.js";
import type {
  Attempt,
  Cancellation,
  JobFailure,
  JobRelease,
  Rescue,
  Settlement,
} from "../store.js";
import type { Dependants } from "./dependants.js";
import { guard, JobEnds } from "./finish.js";

/** A host may die so often under a job before the job itself is taken for the cause. */
const interruptionsAllowed = 3;

const held = guard("@id", "@host", "@worker", "@attempt");

type Held = Attempt & { host: number };

/** The ends of jobs. Each is guarded and says whether it was accepted. */
export class JobSettle {
  readonly #dependants: Dependants;
  /** The ends of those that went well. */
  readonly finish: JobEnds["finish"];
  readonly #fail;
  readonly #release;
  readonly #releaseAll;
  readonly #mark;
  readonly #isCancelled;
  readonly #cancelled;
  readonly #collect;
  readonly #state;
  readonly #orphans;
  readonly #endOrphan;
  readonly #giveBack;

  constructor(db: BetterSqlite3.Database, dependants: Dependants) {
    this.#dependants = dependants;
    const ends = new JobEnds(db, dependants);
    this.finish = ends.finish.bind(ends);
    this.#fail = db.prepare<
      Held & {
        errorCat: string;
        error: string;
        timeStart: number;
        timeStop: number;
      }
    >(
      `update myjobs_job set state = 'ERROR', error_cat = @errorCat, error = @error,
       time_start = @timeStart, time_stop = @timeStop where ${held}`,
    );
    this.#release = db.prepare<Held & { started: number }>(
      `update myjobs_job set state = 'NEW', attempt = attempt - (1 - @started), worker = null, host = null, time_start = 0
       where ${held}`,
    );
    this.#releaseAll = db.prepare<[number]>(
      `update myjobs_job set state = 'NEW', worker = null, host = null, time_start = 0
       where host = ? and state = 'RUNNING'`,
    );
    this.#mark = db.prepare<[number]>(
      "update myjobs_job set cancelled = 1 where id = ? and state = 'RUNNING'",
    );
    this.#isCancelled = db
      .prepare<[number], number>(
        "select cancelled from myjobs_job where id = ?",
      )
      .pluck();
    this.#cancelled = db.prepare<[number], { id: number }>(
      "select id from myjobs_job where state = 'RUNNING' and host = ? and cancelled = 1",
    );
    this.#collect = db.prepare<[number]>(
      "update myjobs_job set state = 'DONE' where id = ? and state = 'OK'",
    );
    this.#state = db.prepare<[number], { state: JobState }>(
      "select state from myjobs_job where id = ?",
    );
    this.#orphans = db.prepare<
      [number],
      { id: number; interruptions: number; cancelled: number }
    >(
      "select id, interruptions, cancelled from myjobs_job where state = 'RUNNING' and host = ?",
    );
    this.#endOrphan = db.prepare<[string, string, number, number]>(
      `update myjobs_job set state = 'ERROR', error_cat = ?, error = ?, time_stop = ?, interruptions = interruptions + 1
       where id = ? and state = 'RUNNING'`,
    );
    this.#giveBack = db.prepare<[number]>(
      `update myjobs_job set state = 'NEW', interruptions = interruptions + 1, worker = null, host = null, time_start = 0
       where id = ? and state = 'RUNNING'`,
    );
  }

  fail(failure: JobFailure, host: number): Settlement {
    const error = JSON.stringify(failure.error);
    if (this.#fail.run({ ...failure, error, host }).changes === 0)
      return { outcome: "stale", failed: [] };
    return {
      outcome: "ok",
      failed: this.#dependants.fail([failure.id], failure.timeStop),
    };
  }

  /** Gives back; what was cancelled meanwhile ends instead. Gives the ids that ended. */
  release(
    releases: readonly JobRelease[],
    host: number,
    now: number,
  ): number[] {
    const ended: number[] = [];
    for (const { id, worker, attempt, started } of releases) {
      const held = { id, worker, attempt, host, started: Number(started) };
      if (this.#release.run(held).changes === 0) continue;
      if (this.#isCancelled.get(id) === 1) {
        this.#dependants.halt(id, cancelledError, now);
        ended.push(id);
      }
    }
    return [...ended, ...this.#dependants.fail(ended, now)];
  }

  /** What a host that closes could not settle is to run again, but for what was cancelled. */
  releaseAll(host: number, now: number): void {
    const ended = this.cancelled(host);
    for (const id of ended)
      this.#endOrphan.run("HALTED", JSON.stringify(cancelledError), now, id);
    this.#dependants.fail(ended, now);
    this.#releaseAll.run(host);
  }

  cancel(id: number, now: number): Cancellation {
    const state = this.#state.get(id)?.state;
    if (state === undefined) throw new JobNotFoundError(id);
    if (state === "RUNNING") {
      this.#mark.run(id);
      return { outcome: "running", failed: [] };
    }
    if (state !== "NEW") return { outcome: "ended", failed: [] };
    this.#dependants.halt(id, cancelledError, now);
    return { outcome: "cancelled", failed: this.#dependants.fail([id], now) };
  }

  cancelled(host: number): number[] {
    return this.#cancelled.all(host).map((row) => row.id);
  }

  collect(id: number): boolean {
    return this.#collect.run(id).changes === 1;
  }

  /** What hosts that are gone held: back to NEW, or ended when that has happened too often or it was cancelled. */
  rescue(hosts: readonly number[], now: number): Rescue {
    const released: number[] = [];
    const ended: number[] = [];
    const orphans = hosts.flatMap((host) => this.#orphans.all(host));
    for (const { id, interruptions, cancelled } of orphans) {
      if (cancelled === 1)
        this.#endOrphan.run("HALTED", JSON.stringify(cancelledError), now, id);
      else if (interruptions >= interruptionsAllowed)
        this.#endOrphan.run("CRASH", JSON.stringify(interruptedError), now, id);
      else {
        this.#giveBack.run(id);
        released.push(id);
        continue;
      }
      ended.push(id);
    }
    return {
      released,
      failed: [...ended, ...this.#dependants.fail(ended, now)],
    };
  }
}

const interruptedError = plainError(
  "InterruptedError",
  `the host process died under the job ${String(interruptionsAllowed + 1)} times`,
);
