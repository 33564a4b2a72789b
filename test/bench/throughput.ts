/**
 * How many durable, isolated jobs pass a second, and how long one alone takes: this package beside the
 * floor, a bare loop of the same parts. Usage: npm run bench -- [jobs] [rounds]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { MyJobs } from "../../src/index.js";
import { Floor } from "./floor.js";

type Durability = "full" | "normal";

const [jobs = 20_000, rounds = 3] = process.argv.slice(2).map(Number);
const noop = ({ a, b }: { a: number; b: number }): number => a + b;

interface Row {
  what: string;
  rates: number[];
  latencies: number[];
}

async function measureFloor(
  store: string,
  durability: Durability,
): Promise<[number, number[]]> {
  const floor = await Floor.start(store, durability);
  const rate = await timed(() => floor.run(jobs));
  const latencies: number[] = [];
  for (let nr = 0; nr < 300; nr += 1)
    latencies.push(1_000 / (await timed(() => floor.run(1))));
  floor.stop();
  return [rate * jobs, latencies];
}

async function measureOurs(
  store: string,
  durability: Durability,
): Promise<[number, number[]]> {
  const myjobs = await MyJobs.open({ store, durability });
  await myjobs.workersSubprocessStart({ nrFixed: 2 });
  const one = async (nr: number): Promise<void> => {
    const job = await myjobs.schedule(noop, { a: nr, b: 1 });
    await job.wait();
  };
  await one(0);
  const rate = await timed(() =>
    Promise.all(Array.from({ length: jobs }, (_, nr) => one(nr))),
  );
  const latencies: number[] = [];
  for (let nr = 0; nr < 300; nr += 1)
    latencies.push(1_000 / (await timed(() => one(nr))));
  await myjobs.stop();
  return [rate * jobs, latencies];
}

/** Runs a second. */
async function timed(run: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await run();
  return 1_000 / (performance.now() - begun);
}

function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(at * (sorted.length - 1))] ?? NaN;
}

const rows = new Map<string, Row>();
for (let round = 0; round < rounds; round += 1) {
  // Side by side in each round: the machine is noisy, the ratios less so.
  for (const durability of ["full", "normal"] as const) {
    for (const [kind, measure] of [
      ["floor", measureFloor],
      ["myjobs", measureOurs],
    ] as const) {
      const folder = mkdtempSync(path.join(tmpdir(), "myjobs-bench-"));
      const [rate, latencies] = await measure(
        path.join(folder, "jobs.db"),
        durability,
      );
      rmSync(folder, { recursive: true });
      const what = `${kind} (${durability})`;
      const row = rows.get(what) ?? { what, rates: [], latencies: [] };
      rows.set(what, row);
      row.rates.push(rate);
      row.latencies.push(...latencies);
    }
  }
}
console.log(
  `${String(jobs)} no-op jobs, 2 workers, medians of ${String(rounds)} rounds, Node ${process.version}`,
);
console.table(
  [...rows.values()].map(({ what, rates, latencies }) => ({
    what,
    "jobs/s": Math.round(quantile(rates, 0.5)),
    "p50 ms": Number(quantile(latencies, 0.5).toFixed(2)),
    "p99 ms": Number(quantile(latencies, 0.99).toFixed(2)),
  })),
);
