import type BetterSqlite3 from "better-sqlite3";

import { type JobError, plainError } from "../../models/job.js";

/** Ending jobs that never ran, and what a job's end does to those that wait for it. */
export class Dependants {
  readonly #any;
  readonly #has;
  readonly #release;
  readonly #of;
  readonly #halt;

  constructor(db: BetterSqlite3.Database) {
    this.#any = db
      .prepare<[], number>("select exists (select 1 from myjobs_dependency)")
      .pluck();
    this.#has = db
      .prepare<[number], number>(
        "select exists (select 1 from myjobs_dependency where depends_on = ?)",
      )
      .pluck();
    this.#release = db.prepare<[number]>(
      `update or fail myjobs_job set waiting = waiting - 1
       where id in (select job_id from myjobs_dependency where depends_on = ?) and state = 'NEW' and waiting > 0`,
    );
    this.#of = db.prepare<[number], { id: number }>(
      "select distinct job_id as id from myjobs_dependency where depends_on = ?",
    );
    this.#halt = db.prepare<[string, number, number]>(
      `update myjobs_job set state = 'ERROR', error_cat = 'HALTED', error = ?, time_stop = ?
       where id = ? and state = 'NEW'`,
    );
  }

  /** Whether any job has dependencies: where none has, none need be looked for. */
  get any(): boolean {
    return this.#any.get() === 1;
  }

  /** True if any waited for it. */
  release(id: number): boolean {
    // Asking first is a third of the cost of an update that finds none.
    return this.#has.get(id) === 1 && this.#release.run(id).changes > 0;
  }

  /** Ends a NEW job HALTED; false if it is not NEW. */
  halt(id: number, error: JobError, now: number): boolean {
    return this.#halt.run(JSON.stringify(error), now, id).changes === 1;
  }

  /** Fails all that hang on the given jobs, directly or not; each names the direct one. Gives their ids. */
  fail(ids: readonly number[], now: number): number[] {
    const failed: number[] = [];
    const worklist = [...ids];
    for (let id = worklist.pop(); id !== undefined; id = worklist.pop()) {
      const error = dependencyFailure(id);
      for (const dependant of this.#of.all(id)) {
        if (!this.halt(dependant.id, error, now)) continue;
        failed.push(dependant.id);
        worklist.push(dependant.id);
      }
    }
    return failed;
  }
}

export function dependencyFailure(id: number): JobError {
  const message = `job ${String(id)}, which it depends on, failed, was cancelled or was deleted`;
  return { ...plainError("DependencyError", message), dependencyFailure: id };
}
