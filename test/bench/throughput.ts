/**
 * How many durable, isolated jobs pass a second, how long one alone takes, and how long one of many takes
 * at half of that rate: this package beside the floor, a bare loop of the same parts.
 * Usage: npm run bench -- [jobs] [rounds]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { MyJobs } from "../../src/index.js";
import { Floor } from "./floor.js";

type Durability = "full" | "normal";

const [jobs = 200_000, rounds = 3] = process.argv.slice(2).map(Number);
const noop = ({ a, b }: { a: number; b: number }): number => a + b;

type Run = (nr: number) => Promise<unknown>;

const kinds = {
  floor: async (store: string, durability: Durability) => {
    const floor = await Floor.start(store, durability);
    const run: Run = (nr) => floor.run({ a: nr, b: 1 });
    const stop = async (): Promise<void> => {
      floor.stop();
    };
    return { run, stop };
  },
  myjobs: async (store: string, durability: Durability) => {
    const myjobs = await MyJobs.open({ store, durability });
    await myjobs.workersSubprocessStart({ nrFixed: 2 });
    const run: Run = async (nr) => {
      const job = await myjobs.schedule(noop, { a: nr, b: 1 });
      await job.wait();
    };
    return { run, stop: () => myjobs.stop() };
  },
};

interface Measured {
  /** Jobs a second, all at once. */
  rate: number;
  /** Milliseconds of single ones. */
  alone: number[];
  /** The same while jobs come at half of the rate. */
  half: number[];
}

async function measure(
  kind: keyof typeof kinds,
  store: string,
  durability: Durability,
): Promise<Measured> {
  const { run, stop } = await kinds[kind](store, durability);
  await run(0);
  const all = await timed(() =>
    Promise.all(Array.from({ length: jobs }, (_, nr) => run(nr))),
  );
  const alone: number[] = [];
  for (let nr = 0; nr < 300; nr += 1) alone.push(await timed(() => run(nr)));
  const half = await paced(run, jobs / all / 2, jobs / 4);
  await stop();
  return { rate: (1_000 * jobs) / all, alone, half };
}

/** So many jobs a millisecond; how long each takes. */
async function paced(run: Run, pace: number, most: number): Promise<number[]> {
  const begun = performance.now();
  const all: Promise<number>[] = [];
  while (all.length < most) {
    const due = Math.min(most, pace * (performance.now() - begun));
    while (all.length < due) all.push(timed(() => run(all.length)));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return Promise.all(all);
}

/** In milliseconds. */
async function timed(run: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await run();
  return performance.now() - begun;
}

function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(at * (sorted.length - 1))] ?? NaN;
}

const durabilities = ["full", "normal"] as const;
const rows: Record<string, Record<string, number>> = {};
const measured = new Map<string, Measured[]>();
for (let round = 0; round < rounds; round += 1) {
  // Side by side in each round: the machine is noisy, the ratios less so.
  for (const durability of durabilities) {
    for (const kind of ["floor", "myjobs"] as const) {
      const folder = mkdtempSync(path.join(tmpdir(), "myjobs-bench-"));
      const store = path.join(folder, "jobs.db");
      const one = await measure(kind, store, durability);
      rmSync(folder, { recursive: true });
      const what = `${kind} (${durability})`;
      measured.set(what, [...(measured.get(what) ?? []), one]);
    }
  }
}
for (const durability of durabilities) {
  const [floor, ours] = ["floor", "myjobs"].map((kind) => {
    const what = `${kind} (${durability})`;
    const all = measured.get(what) ?? [];
    const [alone, half] = [
      all.flatMap((one) => one.alone),
      all.flatMap((one) => one.half),
    ];
    return (rows[what] = {
      "jobs/s": Math.round(
        quantile(
          all.map(({ rate }) => rate),
          0.5,
        ),
      ),
      "p50 ms": rounded(quantile(alone, 0.5)),
      "p99 ms": rounded(quantile(alone, 0.99)),
      "half load, p50": rounded(quantile(half, 0.5)),
      p99: rounded(quantile(half, 0.99)),
    });
  });
  rows[`ratio (${durability})`] = Object.fromEntries(
    Object.entries(floor!).map(([name, value]) => [
      name,
      rounded(ours![name as keyof typeof ours] / value),
    ]),
  );
}
console.log(
  `${String(jobs)} no-op jobs, 2 workers, medians of ${String(rounds)} rounds, Node ${process.version}`,
);
console.table(rows);

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
