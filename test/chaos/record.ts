import { existsSync, readFileSync } from "node:fs";

import Database from "better-sqlite3";

import type {
  ErrorCat,
  JobError,
  JobState,
  WorkerType,
} from "../../src/index.js";
import type { ProcessName } from "../../src/processes.js";

export interface JobRow {
  id: number;
  /** By which the model knows it. */
  value: number;
  state: JobState;
  errorCat: ErrorCat;
  timeStart: number;
  timeStop: number;
  result: string | null;
  error: JobError | null;
  waiting: number;
  attempt: number;
  interruptions: number;
  worker: number | null;
  host: number | null;
}

export interface WorkerRow {
  id: number;
  nr: number;
  type: WorkerType;
  state: string;
  pid: number;
  currentJob: number | null;
  host: number;
}

export function isLive({ state }: WorkerRow): boolean {
  return state !== "ERROR" && state !== "HALTED";
}

/** One change of a job's state or attempt, as a trigger saw it. */
export interface Move {
  job: number;
  was: JobState;
  became: JobState;
  attemptWas: number;
  attempt: number;
  hostWas: number | null;
  host: number | null;
  /** Of the child that held it. */
  pidWas: number | null;
}

/** What a run of a job left behind. */
export interface Trace {
  what: "start" | "end" | "spawn" | "shoot";
  job: number;
  attempt: number;
  /** Its child; of what it spawns or shoots, that one's. */
  pid: number;
  parent: number;
  /** Jobs that its child runs at a time. */
  concurrency: number;
  /** When it was left, in epoch milliseconds. */
  time: number;
}

/** Looks into a store with SQL, as its users may; triggers keep every move that any process makes, and every process. */
export class Record {
  readonly #db: Database.Database;
  readonly #log: string;

  constructor(store: string, log: string) {
    this.#log = log;
    this.#db = new Database(store, { timeout: 10_000, fileMustExist: true });
    this.#db.exec(`
      create table chaos_move (
        seq integer primary key, job, was, became, attemptWas, attempt, hostWas, host, pidWas
      );
      create trigger chaos_moved after update on myjobs_job
      when old.state is not new.state or old.attempt is not new.attempt begin
        insert into chaos_move (job, was, became, attemptWas, attempt, hostWas, host, pidWas)
        values (old.id, old.state, new.state, old.attempt, new.attempt, old.host, new.host,
          (select pid from myjobs_worker where nr = old.worker));
      end;
      create table chaos_host (id, pid);
      create trigger chaos_opened after insert on myjobs_host begin
        insert into chaos_host (id, pid) values (new.id, new.pid);
      end;
      create table chaos_child (pid, pidStart);
      create trigger chaos_forked after update on myjobs_worker
      when old.pid is not new.pid begin
        insert into chaos_child (pid, pidStart) values (new.pid, new.pid_start);
      end`);
  }

  jobs(): JobRow[] {
    const rows = this.#db
      .prepare<[], Omit<JobRow, "error"> & { error: string | null }>(
        `select id, kwargs ->> 'value' as value, state, error_cat as errorCat, time_start as timeStart, time_stop as timeStop, result, error,
         waiting, attempt, interruptions, worker, host from myjobs_job order by id`,
      )
      .all();
    return rows.map((row) => ({
      ...row,
      error: row.error === null ? null : (JSON.parse(row.error) as JobError),
    }));
  }

  /** As of one moment. */
  jobsAndMoves(): { jobs: JobRow[]; moves: Move[] } {
    const read = this.#db.transaction(() => {
      return { jobs: this.jobs(), moves: this.moves() };
    });
    return read();
  }

  /** How many jobs a host holds. */
  heldBy(host: number): number {
    return this.#db
      .prepare<[number], number>(
        "select count(*) from myjobs_job where state = 'RUNNING' and host = ?",
      )
      .pluck()
      .get(host)!;
  }

  unended(): number {
    return this.#db
      .prepare<[], number>(
        "select count(*) from myjobs_job where state in ('NEW', 'RUNNING')",
      )
      .pluck()
      .get()!;
  }

  workers(): WorkerRow[] {
    return this.#db
      .prepare<[], WorkerRow>(
        "select id, nr, type, state, pid, current_job as currentJob, host from myjobs_worker",
      )
      .all();
  }

  /** Ids by pid. */
  hosts(): Map<number, number> {
    return this.#idsByPid("myjobs_host");
  }

  /** The same, with those that are gone. */
  everyHost(): Map<number, number> {
    return this.#idsByPid("chaos_host");
  }

  everyChild(): ProcessName[] {
    return this.#db
      .prepare<[], ProcessName>("select pid, pidStart from chaos_child")
      .all();
  }

  /** The numbers of windows, and the hosts that keep them open. */
  kept(): { nr: number; host: number }[] {
    return this.#db
      .prepare<[], { nr: number; host: number }>(
        "select nr, host from myjobs_window",
      )
      .all();
  }

  moves(): Move[] {
    return this.#db
      .prepare<[], Move>("select * from chaos_move order by seq")
      .all();
  }

  traces(): Trace[] {
    if (!existsSync(this.#log)) return [];
    const lines = readFileSync(this.#log, "utf8").split("\n").filter(Boolean);
    return lines.map((line) => {
      const [what, ...numbers] = line.split(" ");
      const [job, attempt, pid, parent, concurrency, time] =
        numbers.map(Number);
      return { what, job, attempt, pid, parent, concurrency, time } as Trace;
    });
  }

  /** Whether nobody holds the lock for writing. */
  free(): boolean {
    this.#db.pragma("busy_timeout = 0");
    try {
      this.#db.exec("begin immediate; rollback");
      return true;
    } catch {
      return false;
    } finally {
      this.#db.pragma("busy_timeout = 10000");
    }
  }

  close(): void {
    this.#db.close();
  }

  #idsByPid(table: string): Map<number, number> {
    const rows = this.#db
      .prepare<[], { id: number; pid: number }>(`select id, pid from ${table}`)
      .all();
    return new Map(rows.map(({ id, pid }) => [pid, id]));
  }
}
