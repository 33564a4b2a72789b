import type BetterSqlite3 from "better-sqlite3";

import type { WorkerRecord, WorkerState } from "../../models/worker.js";
import type { NewWorker, WorkerChange, WorkerFilter } from "../store.js";

/** In the column `halt`; 0 = none. */
const haltOrder = 1;
const killOrder = 2;

const live = "state in ('NEW', 'WAITING', 'BUSY')";

/** The table of workers: one row for each `nr`, which stays after its worker's end until the `nr` is taken again. */
export class WorkerTable {
  readonly #taken;
  readonly #remove;
  readonly #insert;
  readonly #byId;
  readonly #update;
  readonly #halt;
  readonly #orders;
  readonly #find;
  readonly #endAll;

  constructor(db: BetterSqlite3.Database) {
    this.#taken = db
      .prepare<[], number>(
        `select nr from myjobs_worker where ${live} order by nr`,
      )
      .pluck();
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
    this.#halt = db.prepare<[number, number]>(
      `update myjobs_worker set halt = max(halt, ?) where id = ? and ${live}`,
    );
    this.#orders = db.prepare<[number], { id: number; halt: number }>(
      `select id, halt from myjobs_worker where host = ? and halt > 0 and ${live}`,
    );
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
  }

  register(
    worker: NewWorker,
    host: number,
    now: number,
  ): WorkerRecord | undefined {
    const taken = new Set(this.#taken.all());
    if (worker.nr !== undefined && taken.has(worker.nr)) return undefined;
    let nr = worker.nr ?? 1;
    while (taken.has(nr)) nr += 1;
    this.#remove.run(nr);
    const { lastInsertRowid } = this.#insert.run(
      nr,
      `w${String(nr)}`,
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

  halt(id: number, kill: boolean): void {
    this.#halt.run(kill ? killOrder : haltOrder, id);
  }

  /** The workers of a host that shall halt, and those that shall die. */
  orders(host: number): { halted: number[]; killed: number[] } {
    const rows = this.#orders.all(host);
    const ordered = (order: number): number[] =>
      rows.filter(({ halt }) => halt === order).map(({ id }) => id);
    return { halted: ordered(haltOrder), killed: ordered(killOrder) };
  }

  find(filter: WorkerFilter): WorkerRecord[] {
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

const select = `
  select id, nr, name, type, state, pid, time_start as timeStart, last_update as lastUpdate,
    current_job as currentJob, error, halt, debug, timeout, host
  from myjobs_worker`;

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
}: WorkerFilter): Record<string, string | null> {
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
