import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import BetterSqlite3 from "better-sqlite3";

import { migrate } from "../../src/store/sqlite/migrate.js";

/** Jobs that are stored, and given to a child, at once; measured to be about the best. */
const batch = 256;
const host = 1;

const child = `
process.on("message", (jobs) => {
  process.send(jobs.map(([id, attempt, kwargs]) => {
    const timeStart = Date.now();
    const { a, b } = JSON.parse(kwargs);
    return [id, attempt, JSON.stringify(a + b), timeStart, Date.now()];
  }));
});
process.send("ready");
`;

type Answer = [
  id: number,
  attempt: number,
  result: string,
  timeStart: number,
  timeStop: number,
];

interface Call {
  kwargs: string;
  resolve: (result: number) => void;
}

/**
 * What it takes at least to store each step and run it in another process, done plainly: the bare parts, in batches.
 * The same tables and indexes, inserts of all columns, claims that say who holds, guarded ends, and a
 * promise for each result; no checks, limits, dependencies or handles, and nobody who takes back a job.
 */
export class Floor {
  readonly #db: BetterSqlite3.Database;
  readonly #children: ChildProcess[];
  readonly #idle: ChildProcess[];
  readonly #waiting: Call[] = [];
  readonly #running = new Map<number, Call>();
  readonly #insert;
  readonly #claim;
  readonly #finish;
  #scheduled = false;
  #named = 0;

  static async start(store: string, durability: string): Promise<Floor> {
    const folder = mkdtempSync(path.join(tmpdir(), "myjobs-floor-"));
    const program = path.join(folder, "child.cjs");
    writeFileSync(program, child);
    const children = [0, 1].map(() => fork(program, { execArgv: [] }));
    await Promise.all(children.map((one) => once(one, "message")));
    rmSync(folder, { recursive: true });
    return new Floor(store, durability, children);
  }

  private constructor(
    store: string,
    durability: string,
    children: ChildProcess[],
  ) {
    this.#children = children;
    this.#idle = [...children];
    const db = new BetterSqlite3(store);
    this.#db = db;
    db.pragma("journal_mode = wal");
    db.pragma(`synchronous = ${durability}`);
    migrate(db, store);
    this.#insert = db.prepare(
      `insert into myjobs_job (name, category, timeout, action_id, kwargs, die, waiting)
       values (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#claim = db
      .prepare<[number, number, number, number], [number, number, string]>(
        `update myjobs_job set state = 'RUNNING', attempt = attempt + 1, worker = ?, host = ?, time_start = ?
         where id in (select id from myjobs_job where state = 'NEW' and waiting = 0 order by priority desc, id limit ?)
         returning id, attempt, kwargs`,
      )
      .raw();
    this.#finish = db.prepare(
      `update myjobs_job set state = 'OK', result = ?, time_start = ?, time_stop = ?
       where id = ? and state = 'RUNNING' and host = ? and worker = ? and attempt = ?`,
    );
    children.forEach((one) => {
      one.on("message", (answers) => {
        this.#turn(answers as Answer[], one);
      });
    });
  }

  /** Resolves with its result, which is stored by then. */
  run(kwargs: object): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting.push({ kwargs: JSON.stringify(kwargs), resolve });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        for (const one of this.#idle.splice(0)) this.#turn([], one);
      });
    });
  }

  stop(): void {
    for (const one of this.#children) one.disconnect();
    this.#db.close();
  }

  /** Stores what a child has answered and what is new, and gives it what it runs next: one commit. */
  #turn(answers: readonly Answer[], to: ChildProcess): void {
    const worker = this.#children.indexOf(to) + 1;
    this.#db.exec("begin immediate");
    for (const [id, attempt, result, timeStart, timeStop] of answers)
      this.#finish.run(
        ...[result, timeStart, timeStop, id, host, worker, attempt],
      );
    for (const call of this.#waiting.splice(0, batch)) {
      this.#named += 1;
      const name = `j${String(this.#named)}`;
      const { lastInsertRowid } = this.#insert.run(
        ...[name, "", 0, 1, call.kwargs, 1, 0],
      );
      this.#running.set(Number(lastInsertRowid), call);
    }
    const claimed = this.#claim.all(worker, host, Date.now(), batch);
    this.#db.exec("commit");
    if (claimed.length > 0) to.send(claimed);
    else this.#idle.push(to);
    for (const [id, , result] of answers) {
      this.#running.get(id)?.resolve(JSON.parse(result) as number);
      this.#running.delete(id);
    }
  }
}
