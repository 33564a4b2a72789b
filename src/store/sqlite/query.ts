import type BetterSqlite3 from "better-sqlite3";

import type { JobError, JobRecord, JobState } from "../../models/job.js";
import type { Deletion, JobFilter, JobMatch } from "../store.js";
import type { Dependants } from "./dependants.js";

/** Reading and deleting jobs by what they are like. */
export class JobQuery {
  readonly #db: BetterSqlite3.Database;
  readonly #dependants: Dependants;
  readonly #byIds;
  readonly #states;
  readonly #ended;
  readonly #active;
  readonly #delete;
  readonly #undepend;
  /** One statement for each combination of fields asked for; there are few. */
  readonly #finds = new Map<
    string,
    BetterSqlite3.Statement<unknown[], JobRow>
  >();

  constructor(db: BetterSqlite3.Database, dependants: Dependants) {
    this.#db = db;
    this.#dependants = dependants;
    this.#byIds = db.prepare<[string], JobRow>(
      `${select} where id in (select value from json_each(?))`,
    );
    this.#states = db.prepare<[string], { id: number; state: JobState }>(
      "select id, state from myjobs_job where id in (select value from json_each(?))",
    );
    this.#ended = db.prepare<[string, number], JobRow>(
      `${select} where id in (select value from json_each(?)) and state not in ('NEW', 'RUNNING') and host is not ?`,
    );
    this.#active = db.prepare<[], { nr: number }>(
      `select exists (select 1 from myjobs_job where state = 'RUNNING')
            + exists (select 1 from myjobs_job where state = 'NEW' and waiting = 0) as nr`,
    );
    this.#delete = db.prepare<[number]>("delete from myjobs_job where id = ?");
    this.#undepend = db.prepare<[number]>(
      "delete from myjobs_dependency where job_id = ?",
    );
  }

  get(ids: readonly number[]): JobRecord[] {
    return this.#byIds.all(JSON.stringify(ids)).map(jobRecord);
  }

  states(ids: readonly number[]): { id: number; state: JobState }[] {
    return this.#states.all(JSON.stringify(ids));
  }

  /** But for those that this host has run; 0 = none. */
  ended(ids: readonly number[], host: number): JobRecord[] {
    return this.#ended.all(JSON.stringify(ids), host).map(jobRecord);
  }

  find(filter: JobFilter): JobRecord[] {
    const { where, values } = conditions(filter);
    const sql = `${select} where ${where} and id > ? order by id limit ?`;
    let statement = this.#finds.get(sql);
    if (statement === undefined)
      this.#finds.set(
        sql,
        (statement = this.#db.prepare<unknown[], JobRow>(sql)),
      );
    return statement
      .all(...values, filter.after ?? 0, filter.limit ?? 1_000)
      .map(jobRecord);
  }

  count(filter: JobMatch): number {
    const { where, values } = conditions(filter);
    return (
      this.#db
        .prepare<unknown[], number>(
          `select count(*) from myjobs_job where ${where}`,
        )
        .pluck()
        .get(...values) ?? 0
    );
  }

  delete(filter: JobMatch, now: number): Deletion {
    const { where, values } = conditions(filter);
    const deleted = this.#db
      .prepare<unknown[], number>(
        `select id from myjobs_job where ${where} and state != 'RUNNING'`,
      )
      .pluck()
      .all(...values);
    for (const id of deleted) {
      this.#delete.run(id);
      this.#undepend.run(id);
    }
    return { deleted, failed: this.#dependants.fail(deleted, now) };
  }

  active(): number {
    return this.#active.get()?.nr ?? 0;
  }
}

type JobRow = Omit<
  JobRecord,
  "error" | "die" | "dependencies" | "returnQueues"
> & {
  error: string | null;
  die: number;
  dependencies: string;
  returnQueues: string;
};

const select = `
  select id, name, category, state, error_cat as errorCat, time_start as timeStart, time_stop as timeStop, timeout,
    action_id as actionId, kwargs, result, error, die, return_queues as returnQueues, priority, run_at as runAt,
    attempt, max_attempts as maxAttempts, progress, worker,
    (select json_group_array(depends_on) from (
      select depends_on from myjobs_dependency where job_id = myjobs_job.id order by position)) as dependencies
  from myjobs_job`;

function jobRecord(row: JobRow): JobRecord {
  return {
    ...row,
    error: row.error === null ? null : (JSON.parse(row.error) as JobError),
    die: row.die === 1,
    dependencies: JSON.parse(row.dependencies) as number[],
    returnQueues: JSON.parse(row.returnQueues) as string[],
  };
}

/** The fields a filter may name, and their columns: names come from here alone, values are always bound. */
const columns = {
  id: "id",
  state: "state",
  errorCat: "error_cat",
  category: "category",
  name: "name",
  actionId: "action_id",
} as const;

function conditions(filter: JobMatch): { where: string; values: string[] } {
  const where = ["true"];
  const values: string[] = [];
  for (const [field, column] of Object.entries(columns)) {
    const value = filter[field as keyof typeof columns];
    if (value === undefined) continue;
    where.push(`${column} in (select value from json_each(?))`);
    const list = Array.isArray(value) ? (value as unknown[]) : [value];
    values.push(JSON.stringify(list));
    // The index leaves out the many jobs without a category.
    if (field === "category" && !list.includes(""))
      where.push("category != ''");
  }
  return { where: where.join(" and "), values };
}
