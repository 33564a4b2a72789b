/**
 * What the number of rows in the store costs: jobs a second beside 1,000 to 1,000,000 that have ended.
 * Usage: npm run bench -- rows [most rows] [rounds]; 10000000 needs 4 GB of disk
 */
import path from "node:path";

import type { MyJobs } from "../../src/index.js";
import { inFolder, openBuilt } from "./built.js";
import { machine, median, print, type Row, timed } from "./figures.js";

const [mostRows = 1_000_000, rounds = 5] = process.argv.slice(2).map(Number);
const jobs = 20_000;

const add = ({ a, b }: { a: number; b: number }): number => a + b;

await inFolder(async (folder) => {
  const sizes: number[] = [];
  for (let rows = 1_000; rows <= mostRows; rows *= 10) sizes.push(rows);
  const rates = new Map(sizes.map((rows): [number, number[]] => [rows, []]));
  for (const rows of sizes) await fill(fileOf(folder, rows), rows);
  // Side by side in each round: the machine is noisy.
  for (let round = 0; round < rounds; round += 1)
    for (const [rows, all] of rates)
      all.push(await rateIn(fileOf(folder, rows)));
  const first = median(rates.get(sizes[0]!)!);
  print(
    `Jobs/s (${jobs.toLocaleString("en-US")} at once) against rows that have ended, full, 2 workers, medians of ${String(rounds)} rounds; ${machine()}`,
    [...rates].map(([rows, all]): Row => ({
      rows,
      "jobs/s": median(all),
      "of the first": median(all) / first,
    })),
  );
});

function fileOf(folder: string, rows: number): string {
  return path.join(folder, `${String(rows)}.db`);
}

/** By SQL, as if they had been jobs. */
async function fill(store: string, rows: number): Promise<void> {
  const { default: BetterSqlite3 } = await import("better-sqlite3");
  await (await openBuilt({ store })).stop();
  const db = new BetterSqlite3(store);
  db.pragma("synchronous = off");
  const insert = db.prepare(
    `with recursive nr (nr) as (select ? union all select nr + 1 from nr where nr < ?)
     insert into myjobs_job (name, state, time_start, time_stop, action_id, kwargs, result)
     select 'j' || nr, 'OK', 1, 2, 1, '{"a":1,"b":2}', '3' from nr`,
  );
  const part = 100_000;
  for (let from = 1; from <= rows; from += part)
    insert.run(from, Math.min(rows, from + part - 1));
  db.close();
}

async function rateIn(store: string): Promise<number> {
  const myjobs = await openBuilt({ store });
  await myjobs.workersSubprocessStart({ nrFixed: 2 });
  await pass(myjobs, 1_000);
  const took = await timed(() => pass(myjobs, jobs));
  await myjobs.stop();
  return (1_000 * jobs) / took;
}

async function pass(myjobs: MyJobs, jobs: number): Promise<void> {
  await Promise.all(
    Array.from({ length: jobs }, async (_, a) => {
      const job = await myjobs.schedule(add, { a, b: 1 });
      await job.wait();
    }),
  );
}
