import type BetterSqlite3 from "better-sqlite3";

import { JobNotFoundError } from "../../errors.js";
import {
  type JobPlan,
  type JobState,
  nameOf,
  type NewJob,
} from "../../models/job.js";
import type { InsertedJobs } from "../store.js";
import { type Dependants, dependencyFailure } from "./dependants.js";

/** Rows of one statement: a statement for each would cost almost twice as much. */
const together = 16;

type Value = string | number;

/** What every job brings, and what most leave to the tables' defaults: a value for each would cost as much as a fifth of the row. */
const plain = ["id", "name", "action_id", "kwargs"];
const others = ["category", "timeout", "die", "waiting"];
/** It depends on nothing. */
const free = { waiting: 0, failed: undefined };

/** Storing new jobs. */
export class JobInsert {
  readonly #lastId;
  readonly #insert;
  readonly #insertMany;
  readonly #insertPlain;
  readonly #state;
  readonly #depend;
  readonly #dependants: Dependants;

  constructor(db: BetterSqlite3.Database, dependants: Dependants) {
    this.#dependants = dependants;
    // The sequence, not max(id): ids of deleted jobs are never given again.
    this.#lastId = db.prepare<[], { seq: number }>(
      "select seq from sqlite_sequence where name = 'myjobs_job'",
    );
    const insert = (
      rows: number,
      columns: readonly string[],
    ): BetterSqlite3.Statement<Value[]> => {
      const row = `(${columns.map(() => "?").join(", ")})`;
      return db.prepare<Value[]>(
        `insert or fail into myjobs_job (${columns.join(", ")}) values ${Array<string>(rows).fill(row).join(", ")}`,
      );
    };
    this.#insert = insert(1, [...plain, ...others]);
    this.#insertMany = insert(together, [...plain, ...others]);
    this.#insertPlain = insert(together, plain);
    this.#state = db.prepare<[number], { state: JobState }>(
      "select state from myjobs_job where id = ?",
    );
    this.#depend = db.prepare<[number, number, number]>(
      "insert into myjobs_dependency (job_id, position, depends_on) values (?, ?, ?)",
    );
  }

  insert(jobs: readonly NewJob[], now: number): InsertedJobs {
    const first = 1 + (this.#lastId.get()?.seq ?? 0);
    const ended: number[] = [];
    for (let at = 0; at < jobs.length;) {
      const to = this.#insertTogether(first, jobs, at);
      if (to > at) {
        at = to;
        continue;
      }
      const id = first + at;
      if (this.#insertOne(id, jobs[at]!, now)) ended.push(id);
      at += 1;
    }
    return { ids: jobs.map((_, at) => first + at), ended };
  }

  /** Stores the next ones, if they are enough and wait for nothing; gives the place of the first that is left. */
  #insertTogether(
    first: number,
    jobs: readonly NewJob[],
    from: number,
  ): number {
    const to = from + together;
    if (to > jobs.length) return from;
    let isBare = true;
    for (let at = from; at < to; at += 1) {
      const { category, timeout, die, dependencies } = jobs[at]!.plan;
      if (dependencies.length > 0) return from;
      if (category !== "" || timeout !== 0 || !die) isBare = false;
    }
    const values: Value[] = [];
    for (let at = from; at < to; at += 1) {
      const job = jobs[at]!;
      pushPlain(values, first + at, job);
      if (!isBare) pushOthers(values, job.plan, 0);
    }
    (isBare ? this.#insertPlain : this.#insertMany).run(...values);
    return to;
  }

  /** True if it has ended already. */
  #insertOne(id: number, job: NewJob, now: number): boolean {
    const { plan } = job;
    const { waiting, failed } = this.#look(plan.dependencies);
    const values: Value[] = [];
    pushPlain(values, id, job);
    pushOthers(values, plan, waiting);
    this.#insert.run(...values);
    plan.dependencies.forEach((dependsOn, position) =>
      this.#depend.run(id, position, dependsOn),
    );
    if (failed !== undefined)
      this.#dependants.halt(id, dependencyFailure(failed), now);
    return failed !== undefined;
  }

  /** How many of the dependencies have not ended, and the first that has failed. */
  #look(dependencies: readonly number[]): {
    waiting: number;
    failed: number | undefined;
  } {
    if (dependencies.length === 0) return free;
    let waiting = 0;
    let failed: number | undefined;
    for (const id of new Set(dependencies)) {
      const state = this.#state.get(id)?.state;
      if (state === undefined) throw new JobNotFoundError(id, " to depend on");
      if (state === "ERROR") failed ??= id;
      else if (state === "NEW" || state === "RUNNING") waiting += 1;
    }
    return { waiting, failed };
  }
}

function pushPlain(
  values: Value[],
  id: number,
  { plan, actionId, kwargs }: NewJob,
): void {
  const name = plan.name === "" ? nameOf(id) : plan.name;
  values.push(id, name, actionId, kwargs);
}

function pushOthers(
  values: Value[],
  { category, timeout, die }: JobPlan,
  waiting: number,
): void {
  values.push(category, timeout, die ? 1 : 0, waiting);
}
