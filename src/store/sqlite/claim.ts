import type BetterSqlite3 from "better-sqlite3";

import { type ClaimedJob, sizeOf } from "../../models/job.js";
import type { Categories, Claim, Claimant } from "../store.js";
import type { Committer } from "./committer.js";
import type { Dependants } from "./dependants.js";
import type { WorkerTable } from "./workers.js";

/** A list, since the object is made of it with all its fields at once. */
type ReadyRow = [
  id: number,
  name: string,
  category: string,
  timeout: number,
  actionId: number,
  /** null = they are large. */
  kwargs: string | null,
  attempt: number,
  interruptions: number,
];

const none: never[] = [];

/** Characters that one claim may have, unless its first job has more. */
const most = 2 ** 20;
/** Where jobs are large, so many times more are read than have just been taken. */
const slack = 1.25;
/** Bytes of arguments that are not read before it is known that they will be taken: of 1,024 jobs that is 8 MiB. */
const large = 8_192;

/** Taking jobs, and how many there are to take. */
export class JobClaim {
  readonly #ready;
  readonly #readyIn;
  readonly #take;
  readonly #takeOne;
  readonly #takeRange;
  readonly #count;
  readonly #countIn;
  readonly #kwargs;
  readonly #dependants: Dependants;
  readonly #committer: Pick<Committer, "transaction">;
  readonly #dependencies;
  /** Where a claim has got less than it asked for: those behind it, with nothing between them, need not look. */
  #emptied: { transaction: number; categories: Categories } | undefined;
  readonly #workers: WorkerTable;
  /** How many are worth reading, by what the last claim could take. */
  #fitting = Infinity;

  constructor(
    db: BetterSqlite3.Database,
    dependants: Dependants,
    workers: WorkerTable,
    committer: Pick<Committer, "transaction">,
  ) {
    this.#dependants = dependants;
    this.#workers = workers;
    this.#committer = committer;
    const kwargs = `case when octet_length(kwargs) <= ${String(large)} then kwargs end`;
    const columns = `id, name, category, timeout, action_id, ${kwargs}, attempt, interruptions`;
    const ready = "from myjobs_job where state = 'NEW' and waiting = 0";
    const readyIn = `${ready} and category in (select value from json_each(?))`;
    const first = "order by priority desc, id limit ?";
    this.#ready = db
      .prepare<[number], ReadyRow>(`select ${columns} ${ready} ${first}`)
      .raw();
    this.#readyIn = db
      .prepare<[string, number], ReadyRow>(
        `select ${columns} ${readyIn} ${first}`,
      )
      .raw();
    const take =
      "update or fail myjobs_job set state = 'RUNNING', attempt = attempt + 1, worker = ?, host = ?, time_start = ?";
    this.#take = db.prepare<[number, number, number, string]>(
      `${take} where id in (select value from json_each(?))`,
    );
    // An array of one would cost twice as much, and one of neighbours a quarter more.
    this.#takeOne = db.prepare<[number, number, number, number]>(
      `${take} where id = ?`,
    );
    this.#takeRange = db.prepare<[number, number, number, number, number]>(
      `${take} where id between ? and ?`,
    );
    this.#count = db.prepare<[number], { nr: number }>(
      `select count(*) as nr from (select id ${ready} limit ?)`,
    );
    this.#countIn = db.prepare<[string, number], { nr: number }>(
      `select count(*) as nr from (select id ${readyIn} limit ?)`,
    );
    this.#kwargs = db
      .prepare<[number], string>("select kwargs from myjobs_job where id = ?")
      .pluck();
    this.#dependencies = db.prepare<
      [number],
      { id: number; result: string | null }
    >(
      `select depends_on as id, result from myjobs_dependency left join myjobs_job on myjobs_job.id = depends_on
       where job_id = ? order by position`,
    );
  }

  claim(
    worker: Claimant,
    host: number,
    limit: number,
    categories: Categories,
    now: number,
  ): Claim | undefined {
    // Reading and then marking is a third cheaper than "update ... returning", and keeps their order.
    const asked = Math.min(limit, this.#fitting);
    const rows = this.#read(asked, categories);
    if (rows.length === 0) return { jobs: none, isAll: true };
    if (!this.#workers.lives(worker.id)) {
      this.#emptied = undefined;
      return undefined;
    }
    const jobs = this.#within(rows);
    const isCut = jobs.length < rows.length;
    if (isCut) this.#emptied = undefined;
    this.#fitting = isCut ? Math.ceil(jobs.length * slack) : Infinity;
    this.#mark(
      jobs.map(({ id }) => id),
      worker.nr,
      host,
      now,
    );
    return {
      jobs,
      isAll: rows.length < asked && !isCut,
    };
  }

  /** The first of them that have so many characters together; one at least. */
  #within(rows: readonly ReadyRow[]): ClaimedJob[] {
    const depending = this.#dependants.any;
    const jobs: ClaimedJob[] = [];
    let size = 0;
    for (const row of rows) {
      const job = this.#claimed(row, depending);
      size += sizeOf(job);
      if (size > most && jobs.length > 0) break;
      jobs.push(job);
    }
    return jobs;
  }

  #mark(
    ids: readonly number[],
    worker: number,
    host: number,
    now: number,
  ): void {
    const [first, last] = [ids[0]!, ids.at(-1)!];
    if (ids.length === 1) this.#takeOne.run(worker, host, now, first);
    // Of neighbours in their order there is none between the first and the last but themselves.
    else if (isRun(ids)) this.#takeRange.run(worker, host, now, first, last);
    else this.#take.run(worker, host, now, JSON.stringify(ids));
  }

  #read(limit: number, categories: Categories): ReadyRow[] {
    const { transaction } = this.#committer;
    const emptied = this.#emptied;
    const isEmpty =
      emptied?.transaction === transaction && emptied.categories === categories;
    if (isEmpty) return none;
    const rows =
      categories === undefined
        ? this.#ready.all(limit)
        : this.#readyIn.all(JSON.stringify(categories), limit);
    if (rows.length < limit) this.#emptied = { transaction, categories };
    return rows;
  }

  count(categories: Categories, most: number): number {
    const row =
      categories === undefined
        ? this.#count.get(most)
        : this.#countIn.get(JSON.stringify(categories), most);
    return row?.nr ?? 0;
  }

  #claimed(row: ReadyRow, depending: boolean): ClaimedJob {
    const found = depending ? this.#dependencies.all(row[0]) : none;
    return {
      id: row[0],
      name: row[1],
      category: row[2],
      timeout: row[3],
      actionId: row[4],
      kwargs: row[5] ?? this.#kwargs.get(row[0])!,
      attempt: row[6] + 1,
      interruptions: row[7],
      dependencies: depending ? found.map((one) => one.id) : none,
      results: depending ? found.map((one) => one.result ?? "null") : none,
    };
  }
}

/** Whether each is the one after the one before. */
function isRun(ids: readonly number[]): boolean {
  return ids.every((id, index) => id === ids[0]! + index);
}
