/**
 * What the package costs: memory is in `five`, many rows in `rows`; here the boot of a child beside a bare
 * fork's, and large graphs and values. Usage: npm run bench -- cost [rounds]
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

const rounds = Number(process.argv[2] ?? 31);
// Where it is set, each Node reads those certificates first: that would be half of a boot, ours or not.
delete process.env.NODE_EXTRA_CA_CERTS;

const add = ({ a, b }: { a: number; b: number }): number => a + b;

print(
  `From a fork to its first result, ms, ${String(rounds)} rounds; ${machine()}`,
  await boots(),
);
print("Large graphs and values, s", await large());

async function boots(): Promise<Row[]> {
  const bare: number[] = [];
  const common: number[] = [];
  const ours: number[] = [];
  await inFolder(async (folder) => {
    const store = path.join(folder, "jobs.db");
    const myjobs = await openBuilt({ store, nrMin: 0, nrMax: 1 });
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await bareBoot("bare.mjs"));
      common.push(await bareBoot("bare.cjs"));
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
    "of bare CommonJS": median(times) / median(common),
  });
  return [
    row("bare fork", bare),
    row("bare fork, CommonJS", common),
    row("myjobs", ours),
  ];
}

/** Milliseconds; its end is awaited, but not counted, so that it is not in the way of the next. */
async function bareBoot(name: string): Promise<number> {
  const begun = performance.now();
  const child = fork(program(name), { execArgv: [] });
  await once(child, "message");
  child.send({ a: 1, b: 2 });
  await once(child, "message");
  const took = performance.now() - begun;
  child.disconnect();
  await once(child, "exit");
  return took;
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
