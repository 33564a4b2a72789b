/**
 * What the package costs: memory after 100,000 jobs is in `five`; here the boot of a child beside a bare
 * fork's, jobs a second against the number of rows in the store, and large graphs and values.
 * Usage: npm run bench -- cost [most rows] [rounds]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

import type { Job, MyJobs } from "../../src/index.js";
import { inFolder, openBuilt, program } from "./built.js";
import {
  machine,
  median,
  print,
  quantile,
  type Row,
  timed,
} from "./figures.js";

const [mostRows = 1_000_000, rounds = 15] = process.argv.slice(2).map(Number);

const add = ({ a, b }: { a: number; b: number }): number => a + b;

print(
  `From a fork to its first result, ms, ${String(rounds)} rounds; ${machine()}`,
  await boots(),
);
print("Jobs/s against rows that have ended, full, 2 workers", await sizes());
print("Large graphs and values, s", await large());

async function boots(): Promise<Row[]> {
  const bare: number[] = [];
  const ours: number[] = [];
  await inFolder(async (folder) => {
    const store = path.join(folder, "jobs.db");
    const myjobs = await openBuilt({ store, nrMin: 0, nrMax: 1 });
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await timed(bareBoot));
      const job = await myjobs.schedule(add, { a: round, b: 1 });
      ours.push(
        await timed(async () => {
          const worker = myjobs.workerSubprocessStart();
          await job.wait();
          void worker;
        }),
      );
      for (const worker of myjobs.workers.values()) await worker.halt();
    }
    await myjobs.stop();
  });
  const row = (what: string, times: readonly number[]): Row => ({
    child: what,
    median: median(times),
    p90: quantile(times, 0.9),
    "of bare": median(times) / median(bare),
  });
  return [row("bare fork", bare), row("myjobs", ours)];
}

async function bareBoot(): Promise<void> {
  const child = fork(program("bare.mjs"), { execArgv: [] });
  await once(child, "message");
  child.send({ a: 1, b: 2 });
  await once(child, "message");
  child.disconnect();
}

/** Rows are put in by SQL, as if they had ended; then some jobs pass beside them. */
async function sizes(): Promise<Row[]> {
  const rows: Row[] = [];
  for (let nr = 1_000; nr <= mostRows; nr *= 10) {
    const rates: number[] = [];
    for (let round = 0; round < 3; round += 1) rates.push(await rateAmong(nr));
    const rate = median(rates);
    rows.push({
      rows: nr,
      "jobs/s": rate,
      "of the first": rate / Number(rows[0]?.["jobs/s"] ?? rate),
    });
  }
  return rows;
}

function rateAmong(nr: number): Promise<number> {
  return inFolder(async (folder) => {
    const store = path.join(folder, "jobs.db");
    const { default: BetterSqlite3 } = await import("better-sqlite3");
    await (await openBuilt({ store })).stop();
    const db = new BetterSqlite3(store);
    db.pragma("synchronous = off");
    db.prepare(
      `with recursive nr (nr) as (select 1 union all select nr + 1 from nr where nr < ?)
       insert into myjobs_job (name, state, time_start, time_stop, action_id, kwargs, result)
       select 'j' || nr, 'OK', 1, 2, 1, '{"a":1,"b":2}', '3' from nr`,
    ).run(nr);
    db.close();
    const myjobs = await openBuilt({ store });
    await myjobs.workersSubprocessStart({ nrFixed: 2 });
    const pass = async (jobs: number): Promise<void> => {
      await Promise.all(
        Array.from({ length: jobs }, async (_, a) => {
          const job = await myjobs.schedule(add, { a, b: 1 });
          await job.wait();
        }),
      );
    };
    await pass(1_000);
    const jobs = 10_000;
    const took = await timed(() => pass(jobs));
    await myjobs.stop();
    return (1_000 * jobs) / took;
  });
}

async function large(): Promise<Row[]> {
  const rows: Row[] = [];
  const measure = async (
    what: string,
    run: (myjobs: MyJobs) => Promise<unknown>,
  ): Promise<void> => {
    await inFolder(async (folder) => {
      const myjobs = await openBuilt({ store: path.join(folder, "jobs.db") });
      await myjobs.workersSubprocessStart({ nrFixed: 2 });
      const took = await timed(() => run(myjobs));
      rows.push({ what, s: took / 1_000 });
      await myjobs.stop();
    });
  };
  await measure("10,000 jobs that depend on one", async (myjobs) => {
    const first = await myjobs.schedule(add, { a: 1, b: 1 });
    const kwargs = Array.from({ length: 10_000 }, (_, a) => ({ a, b: 1 }));
    const options = { dependencies: [first] };
    await myjobs.wait(await myjobs.scheduleMany(add, kwargs, options));
  });
  await measure("a chain of 10,000", async (myjobs) => {
    let last: Job<number> | undefined;
    for (let a = 0; a < 10_000; a += 1) {
      const dependencies = last === undefined ? [] : [last];
      last = await myjobs.schedule(add, { a, b: 1 }, { dependencies });
    }
    await last?.wait();
  });
  await measure("100 jobs with 1 MB of arguments and of result", (myjobs) =>
    Promise.all(
      Array.from({ length: 100 }, async (_, nr) => {
        const job = await myjobs.schedule(
          ({ text }: { text: string }) => text,
          { text: String(nr % 10).repeat(1_000_000) },
        );
        await job.wait();
      }),
    ),
  );
  return rows;
}
