import type BetterSqlite3 from "better-sqlite3";

import type { ClaimedJob } from "../../models/job.js";
import type { Categories, Claimant } from "../store.js";

/** Lists, since the objects are made of them, with all their fields at once. */
type ClaimedRow = [
  id: number,
  name: string,
  category: string,
  timeout: number,
  actionId: number,
  kwargs: string,
  attempt: number,
  interruptions: number,
  priority: number,
];

/** Taking jobs, and how many there are to take. */
export class JobClaim {
  readonly #claim;
  readonly #claimIn;
  readonly #count;
  readonly #countIn;
  readonly #anyDependency;
  readonly #dependencies;
  readonly #busy;
  readonly #waiting;

  constructor(db: BetterSqlite3.Database) {
    const take = (where: string): string => `
      update myjobs_job set state = 'RUNNING', attempt = attempt + 1, worker = @nr, host = @host, time_start = @now
      where id in (${where} order by priority desc, id limit @limit)
      returning id, name, category, timeout, action_id, kwargs, attempt, interruptions, priority`;
    const ready =
      "select id from myjobs_job where state = 'NEW' and waiting = 0";
    const readyIn = `${ready} and category in (select value from json_each(@categories))`;
    interface Taken {
      nr: number;
      host: number;
      now: number;
      limit: number;
      categories: string;
    }
    this.#claim = db
      .prepare<Omit<Taken, "categories">, ClaimedRow>(take(ready))
      .raw();
    this.#claimIn = db.prepare<Taken, ClaimedRow>(take(readyIn)).raw();
    this.#count = db.prepare<[number], { nr: number }>(
      `select count(*) as nr from (${ready} limit ?)`,
    );
    this.#countIn = db.prepare<
      { categories: string; most: number },
      { nr: number }
    >(`select count(*) as nr from (${readyIn} limit @most)`);
    this.#anyDependency = db
      .prepare<[], number>("select exists (select 1 from myjobs_dependency)")
      .pluck();
    this.#dependencies = db.prepare<
      [number],
      { id: number; result: string | null }
    >(
      `select depends_on as id, result from myjobs_dependency left join myjobs_job on myjobs_job.id = depends_on
       where job_id = ? order by position`,
    );
    this.#busy = db.prepare<[number, number, number, number]>(
      `update myjobs_worker set state = 'BUSY', current_job = case when ? then ? else current_job end, last_update = ?
       where id = ? and state in ('WAITING', 'BUSY')`,
    );
    this.#waiting = db.prepare<[number, number]>(
      "update myjobs_worker set state = 'WAITING', current_job = null, last_update = ? where id = ? and state = 'BUSY'",
    );
  }

  claim(
    worker: Claimant,
    host: number,
    limit: number,
    categories: Categories,
    now: number,
  ): ClaimedJob[] {
    const taken = { nr: worker.nr, host, now, limit };
    const rows =
      categories === undefined
        ? this.#claim.all(taken)
        : this.#claimIn.all({
            ...taken,
            categories: JSON.stringify(categories),
          });
    // SQLite returns changed rows in no promised order.
    rows.sort((a, b) => b[8] - a[8] || a[0] - b[0]);
    if (rows[0] !== undefined)
      this.#busy.run(Number(worker.idle), rows[0][0], now, worker.id);
    else if (worker.idle) this.#waiting.run(now, worker.id);
    const depending = rows.length > 0 && this.#anyDependency.get() === 1;
    return rows.map((row) => this.#claimed(row, depending));
  }

  count(categories: Categories, most: number): number {
    const row =
      categories === undefined
        ? this.#count.get(most)
        : this.#countIn.get({ categories: JSON.stringify(categories), most });
    return row?.nr ?? 0;
  }

  #claimed(row: ClaimedRow, depending: boolean): ClaimedJob {
    const [id, name, category, timeout, actionId] = row;
    const [, , , , , kwargs, attempt, interruptions] = row;
    const found = depending ? this.#dependencies.all(id) : [];
    return {
      id,
      name,
      category,
      timeout,
      actionId,
      kwargs,
      attempt,
      interruptions,
      dependencies: found.map((one) => one.id),
      results: found.map((one) => one.result ?? "null"),
    };
  }
}
