import type BetterSqlite3 from "better-sqlite3";

import {
  workerName,
  type WorkerRecord,
  type WorkerState,
} from "../../models/worker.js";
import type {
  HaltOrder,
  NewWorker,
  Orders,
  WorkerChange,
  WorkerQuery,
} from "../store.js";

/** In the column `halt`; 0 = no order. */
const haltOrders = { halt: 1, kill: 2, requeue: 2 };

const live = "state in ('NEW', 'WAITING', 'BUSY')";
/** The jobs that a worker holds. */
const held =
  "from myjobs_job where state = 'RUNNING' and host = myjobs_worker.host and worker = myjobs_worker.nr";

/**
 * The table of workers: one row for each `nr`, which stays after its worker's end until the `nr` is taken again.
 * Whether one is BUSY is read from the jobs that it holds: to write it at each claim and end would cost a job
 * two pages of eight.
 */
export class WorkerTable {
  readonly #taken;
  readonly #reserved;
  readonly #takeOver;
  readonly #byNr;
  readonly #remove;
  readonly #insert;
  readonly #byId;
  readonly #update;
  readonly #halt;
  readonly #orders;
  readonly #known;
  readonly #find;
  readonly #endAll;
  readonly #freeze;
  readonly #lives;

  constructor(db: BetterSqlite3.Database) {
    this.#taken = db
      .prepare<[], number>(`select nr from myjobs_worker where ${live}`)
      .pluck();
    // A window that has died is about to be opened again: its number is nobody else's.
    this.#reserved = db
      .prepare<[], number>("select nr from myjobs_window")
      .pluck();
    this.#takeOver = db.prepare<[number, number, number, number, number]>(
      `update myjobs_worker set host = ?, last_update = ?, debug = ?, timeout = ?
       where nr = ? and type = 'tmux' and state = 'NEW' and pid = 0`,
    );
    this.#byNr = db.prepare<[number], WorkerRow>(`${select} where nr = ?`);
    this.#remove = db.prepare<[number]>(
      "delete from myjobs_worker where nr = ?",
    );
    this.#insert = db.prepare(
      `insert into myjobs_worker (nr, name, type, state, time_start, last_update, debug, timeout, host)
       values (?, ?, ?, 'NEW', ?, ?, ?, ?, ?)`,
    );
    this.#byId = db.prepare<[number], WorkerRow>(`${select} where id = ?`);
    this.#update = db.prepare<
      Required<WorkerChange> & {
        id: number;
        now: number;
        idle: number;
        unerror: number;
      }
    >(
      `update myjobs_worker set
         state = ifnull(@state, state), pid = ifnull(@pid, pid), pid_start = ifnull(@pidStart, pid_start),
         current_job = case when @idle then null else ifnull(@currentJob, current_job) end,
         error = case when @unerror then null else ifnull(@error, error) end, last_update = @now
       where id = @id and ${live}`,
    );
    // The first kill decides what becomes of the job.
    this.#halt = db.prepare<[number, number, number]>(
      `update myjobs_worker set halt = max(halt, ?), requeue = case when halt = 2 then requeue else ? end
       where id = ? and ${live}`,
    );
    // One that others took for frozen and that has woken is still to be replaced.
    this.#orders = db.prepare<[number], Orders["workers"][number]>(
      `select id, case when state = 'ERROR' then 'replace' when halt = 1 then 'halt' when requeue then 'requeue' else 'kill' end as "order"
       from myjobs_worker where host = ? and halt > 0 and (${live} or (state = 'ERROR' and halt = 2))`,
    );
    this.#known = db
      .prepare<[number], number>("select id from myjobs_worker where host = ?")
      .pluck();
    this.#find = db.prepare<Record<string, string | null>, WorkerRow>(
      `${select} where ${Object.keys(asked({}))
        .map(
          (field) =>
            `(@${field} is null or ${field} in (select value from json_each(@${field})))`,
        )
        .join(" and ")} order by nr`,
    );
    this.#endAll = db.prepare<[WorkerState, string | null, number, number]>(
      `update myjobs_worker set state = ?, error = ifnull(?, error), current_job = null, last_update = ?
       where host = ? and ${live}`,
    );
    this.#freeze = db.prepare<[string, number, number]>(
      `update myjobs_worker set state = 'ERROR', error = ?, halt = 2, requeue = 0, current_job = null, last_update = ?
       where id = ? and ${live} and not exists (select 1 ${held})`,
    );
    this.#lives = db
      .prepare<[number], number>(
        `select 1 from myjobs_worker where id = ? and ${live}`,
      )
      .pluck();
  }

  register(
    worker: NewWorker,
    host: number,
    now: number,
  ): WorkerRecord | undefined {
    if (worker.type === "tmux" && worker.nr !== undefined) {
      const { nr, debug, timeout } = worker;
      const { changes } = this.#takeOver.run(
        host,
        now,
        Number(debug),
        timeout,
        nr,
      );
      if (changes > 0) return workerRecord(this.#byNr.get(nr)!);
    }
    const taken = new Set(this.#taken.all());
    // Who asks for a window's own number is its window, or opens it.
    if (worker.type !== "tmux" || worker.nr === undefined)
      for (const nr of this.#reserved.all()) taken.add(nr);
    if (worker.nr !== undefined && taken.has(worker.nr)) return undefined;
    let nr = worker.nr ?? 1;
    while (taken.has(nr)) nr += 1;
    this.#remove.run(nr);
    const { lastInsertRowid } = this.#insert.run(
      nr,
      workerName(nr),
      worker.type,
      now,
      now,
      Number(worker.debug),
      worker.timeout,
      host,
    );
    return workerRecord(this.#byId.get(Number(lastInsertRowid))!);
  }

  update(id: number, change: WorkerChange, now: number): void {
    this.#update.run({
      id,
      now,
      state: change.state ?? (null as never),
      pid: change.pid ?? (null as never),
      pidStart: change.pidStart ?? (null as never),
      currentJob: change.currentJob ?? null,
      idle: Number(change.currentJob === null),
      error: change.error ?? null,
      unerror: Number(change.error === null),
    });
  }

  /** False if its record is that of a live one no more, or even of another's. */
  lives(id: number): boolean {
    return this.#lives.get(id) !== undefined;
  }

  /** Gives up a worker of another host, unless it has a job: if that host wakes, it is to kill it. */
  freeze(id: number, error: string, now: number): void {
    this.#freeze.run(error, now, id);
  }

  halt(id: number, order: HaltOrder): void {
    this.#halt.run(haltOrders[order], Number(order === "requeue"), id);
  }

  /** What the workers of a host have been ordered to do, and which of them there are. */
  orders(host: number): Pick<Orders, "workers" | "known"> {
    return { workers: this.#orders.all(host), known: this.#known.all(host) };
  }

  find(filter: WorkerQuery): WorkerRecord[] {
    return this.#find.all(asked(filter)).map(workerRecord);
  }

  /** The workers of a host that is gone. */
  lose(host: number, now: number): void {
    this.#endAll.run("ERROR", "its host process died", now, host);
  }

  /** The workers of a host that closes, should any be left: else their numbers would stay taken. */
  leave(host: number, now: number): void {
    this.#endAll.run("HALTED", null, now, host);
  }
}

type WorkerRow = Omit<WorkerRecord, "halt" | "debug"> & {
  halt: number;
  debug: number;
};

/** Of what it holds, it runs the job that its row names, or else the first. */
const select = `
  select * from (
    select id, nr, name, type, pid, time_start as timeStart, last_update as lastUpdate, error, halt, debug, timeout, host,
      case when not ${live} then state when job notnull then 'BUSY' when state = 'BUSY' then 'WAITING' else state end as state,
      iif(${live}, job, null) as currentJob
    from (
      select *, ifnull((select id ${held} and id = current_job), (select min(id) ${held})) as job from myjobs_worker
    )
  )`;

function workerRecord(row: WorkerRow): WorkerRecord {
  return { ...row, halt: row.halt > 0, debug: row.debug === 1 };
}

/** Each field that may be asked for, as a JSON list or null. */
function asked({
  id,
  nr,
  pid,
  type,
  state,
  name,
}: WorkerQuery): Record<string, string | null> {
  const list = (value: unknown): string | null =>
    value === undefined
      ? null
      : JSON.stringify(Array.isArray(value) ? value : [value]);
  return {
    id: list(id),
    nr: list(nr),
    pid: list(pid),
    type: list(type),
    state: list(state),
    name: list(name),
  };
}
