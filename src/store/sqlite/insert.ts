import type BetterSqlite3 from "better-sqlite3";

import { JobNotFoundError } from "../../errors.js";
import type { JobState, NewJob } from "../../models/job.js";
import type { InsertedJob } from "../store.js";
import { type Dependants, dependencyFailure } from "./dependants.js";

/** Storing new jobs. */
export class JobInsert {
  readonly #lastId;
  readonly #insert;
  readonly #state;
  readonly #depend;
  readonly #dependants: Dependants;

  constructor(db: BetterSqlite3.Database, dependants: Dependants) {
    this.#dependants = dependants;
    // The sequence, not max(id): ids of deleted jobs are never given again.
    this.#lastId = db.prepare<[], { seq: number }>(
      "select seq from sqlite_sequence where name = 'myjobs_job'",
    );
    this.#insert = db.prepare<
      [number, string, string, number, number, string, number, number]
    >(
      `insert into myjobs_job (id, name, category, timeout, action_id, kwargs, die, waiting)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#state = db.prepare<[number], { state: JobState }>(
      "select state from myjobs_job where id = ?",
    );
    this.#depend = db.prepare<[number, number, number]>(
      "insert into myjobs_dependency (job_id, position, depends_on) values (?, ?, ?)",
    );
  }

  insert(jobs: readonly NewJob[], now: number): InsertedJob[] {
    let id = this.#lastId.get()?.seq ?? 0;
    return jobs.map((job) => {
      id += 1;
      const { waiting, failed } = this.#look(job.dependencies);
      const { category, timeout, actionId, kwargs, die } = job;
      this.#insert.run(
        id,
        job.name || `j${String(id)}`,
        category,
        timeout,
        actionId,
        kwargs,
        Number(die),
        waiting,
      );
      job.dependencies.forEach((dependsOn, position) =>
        this.#depend.run(id, position, dependsOn),
      );
      if (failed !== undefined)
        this.#dependants.halt(id, dependencyFailure(failed), now);
      return { id, ended: failed !== undefined };
    });
  }

  /** How many of the dependencies have not ended, and the first that has failed. */
  #look(dependencies: readonly number[]): {
    waiting: number;
    failed: number | undefined;
  } {
    if (dependencies.length === 0) return { waiting: 0, failed: undefined };
    let waiting = 0;
    let failed: number | undefined;
    for (const id of new Set(dependencies)) {
      const state = this.#state.get(id)?.state;
      if (state === undefined) throw new JobNotFoundError(id);
      if (state === "ERROR") failed ??= id;
      else if (state === "NEW" || state === "RUNNING") waiting += 1;
    }
    return { waiting, failed };
  }
}
