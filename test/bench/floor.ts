import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import BetterSqlite3 from "better-sqlite3";

const batch = 64;

const child = `
process.on("message", (jobs) => {
  process.send(jobs.map(([id, kwargs]) => { const { a, b } = JSON.parse(kwargs); return [id, JSON.stringify(a + b)]; }));
});
process.send("ready");
`;

/** What nothing that stores each step and runs it in another process can beat: the bare parts, in batches. */
export class Floor {
  readonly #db: BetterSqlite3.Database;
  readonly #children: ChildProcess[];

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
    this.#db = new BetterSqlite3(store);
    this.#db.pragma("journal_mode = wal");
    this.#db.pragma(`synchronous = ${durability}`);
    this.#db.exec(`
      create table job (id integer primary key, state text not null, kwargs text not null, result text) strict;
      create index ready on job (id) where state = 'NEW';`);
  }

  run(nr: number): Promise<void> {
    const db = this.#db;
    const insert = db.prepare(
      "insert into job (state, kwargs) values ('NEW', ?)",
    );
    const claim = db.prepare<[number], { id: number; kwargs: string }>(
      `update job set state = 'RUNNING' where id in
       (select id from job where state = 'NEW' order by id limit ?) returning id, kwargs`,
    );
    const finish = db.prepare(
      "update job set state = 'OK', result = ? where id = ? and state = 'RUNNING'",
    );
    let inserted = 0;
    let ended = 0;
    return new Promise((resolve) => {
      const turn = (
        results: [number, string][],
        to: ChildProcess | undefined,
      ): void => {
        const jobs = db.transaction(() => {
          for (const [id, result] of results) finish.run(result, id);
          for (let one = 0; one < batch && inserted < nr; one += 1) {
            inserted += 1;
            insert.run(JSON.stringify({ a: inserted, b: 1 }));
          }
          return claim.all(batch);
        })();
        ended += results.length;
        if (jobs.length > 0)
          to?.send(jobs.map(({ id, kwargs }) => [id, kwargs]));
        if (ended < nr) return;
        for (const one of this.#children) one.removeAllListeners("message");
        resolve();
      };
      for (const one of this.#children) {
        one.on("message", (results) => {
          turn(results as [number, string][], one);
        });
        turn([], one);
      }
    });
  }

  stop(): void {
    for (const one of this.#children) one.disconnect();
    this.#db.close();
  }
}
