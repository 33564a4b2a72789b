/**
 * How many durable, isolated jobs pass a second, with some in flight, as one list, and each awaited by itself;
 * how long one alone takes, and how long one of many takes at half of that rate: this package beside the
 * floor, a bare loop of the same parts. Each is measured in a process of its own. Usage: npm run bench -- [jobs] [rounds]
 */
import { execFileSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { build, inFolder, openBuilt } from "./built.js";
import {
  machine,
  median,
  print,
  quantile,
  type Row,
  timed,
} from "./figures.js";
import { Floor } from "./floor.js";

type Durability = "full" | "normal";
type Run = (nr: number) => Promise<unknown>;

interface Runner {
  run: Run;
  /** All of them, handed over as one list. */
  many: (jobs: number) => Promise<unknown>;
  stop: () => Promise<void>;
}

/** What is not counted: until V8 has optimized what single jobs run, the last of it after some 12,000. */
const warmUp = 20_000;
const singles = 5_000;
const inFlight = 2_000;

const kinds = {
  floor: async (store: string, durability: Durability): Promise<Runner> => {
    const floor = await Floor.start(store, durability);
    const run: Run = (nr) => floor.run({ a: nr, b: 1 });
    const stop = async (): Promise<void> => {
      floor.stop();
    };
    return { run, many: (jobs) => each(run, jobs), stop };
  },
  myjobs: async (store: string, durability: Durability): Promise<Runner> => {
    const myjobs = await openBuilt({ store, durability });
    await myjobs.workersSubprocessStart({ nrFixed: 2 });
    const add = ({ a, b }: { a: number; b: number }): number => a + b;
    const run: Run = (nr) =>
      myjobs.schedule(add, { a: nr, b: 1 }, { wait: true });
    const many: Runner["many"] = async (jobs) => {
      const all = Array.from({ length: jobs }, (_, nr) => ({ a: nr, b: 1 }));
      return myjobs.results(await myjobs.scheduleMany(add, all));
    };
    return { run, many, stop: () => myjobs.stop() };
  },
};

interface Measured {
  /** Jobs a second, so many in flight. */
  flow: number;
  /** As one list. */
  many: number;
  /** All at once, each by itself. */
  burst: number;
  /** Milliseconds of single ones. */
  alone: number[];
  /** The same while jobs come at half of the rate of the flow. */
  half: number[];
}

const [first = "200000", second = "5", ...rest] = process.argv.slice(2);
if (first in kinds)
  await inFolder(async (folder) => {
    const kind = first as keyof typeof kinds;
    const store = path.join(folder, "jobs.db");
    const measured = await measure(
      kind,
      store,
      second as Durability,
      Number(rest[0]),
    );
    console.log(JSON.stringify(measured));
  });
else await compare(Number(first), Number(second));

async function measure(
  kind: keyof typeof kinds,
  store: string,
  durability: Durability,
  jobs: number,
): Promise<Measured> {
  const { run, many, stop } = await kinds[kind](store, durability);
  const alone: number[] = [];
  for (let nr = 0; nr < warmUp; nr += 1) await run(nr);
  for (let nr = 0; nr < singles; nr += 1)
    alone.push(await timed(() => run(nr)));
  const flowing = await timed(() => flow(run, jobs));
  const half = await paced(run, jobs / flowing / 2, jobs);
  const together = await timed(() => many(jobs));
  const bursting = await timed(() => each(run, jobs));
  await stop();
  const rate = (time: number): number => (1_000 * jobs) / time;
  const [burst, listed] = [rate(bursting), rate(together)];
  return { flow: rate(flowing), many: listed, burst, alone, half };
}

function each(run: Run, jobs: number): Promise<unknown> {
  return Promise.all(Array.from({ length: jobs }, (_, nr) => run(nr)));
}

async function flow(run: Run, jobs: number): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < jobs) await run(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, one));
}

/** So many jobs a millisecond; how long each takes from when it is due: who holds up the loop does not hide that. */
async function paced(run: Run, pace: number, most: number): Promise<number[]> {
  const begun = performance.now();
  const all: Promise<number>[] = [];
  const one = async (nr: number): Promise<number> => {
    await run(nr);
    return performance.now() - begun - nr / pace;
  };
  while (all.length < most) {
    const due = Math.min(most, pace * (performance.now() - begun));
    while (all.length < due) all.push(one(all.length));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return Promise.all(all);
}

/** Side by side in each round: the machine is noisy, the ratios less so. */
async function compare(jobs: number, rounds: number): Promise<void> {
  build();
  const measured = new Map<string, Measured[]>();
  for (let round = 0; round < rounds; round += 1)
    for (const durability of ["full", "normal"])
      for (const kind of Object.keys(kinds)) {
        const what = `${kind} (${durability})`;
        const one = apart(kind, durability, String(jobs));
        measured.set(what, [...(measured.get(what) ?? []), one]);
      }
  const rows = ["full", "normal"].flatMap((durability) => {
    const [floor, ours] = Object.keys(kinds).map((kind) =>
      figures(measured.get(`${kind} (${durability})`)!),
    ) as [Figures, Figures];
    const ratio = Object.entries(floor).map(([name, value]) => [
      name,
      ours[name]! / value,
    ]);
    return [
      { what: `floor (${durability})`, ...floor },
      { what: `myjobs (${durability})`, ...ours },
      {
        what: `ratio (${durability})`,
        ...(Object.fromEntries(ratio) as Figures),
      },
    ] as Row[];
  });
  const title = `${jobs.toLocaleString("en-US")} no-op jobs, 2 workers`;
  print(`${title}, medians of ${String(rounds)} rounds; ${machine()}`, rows);
}

function apart(...args: string[]): Measured {
  const file = fileURLToPath(import.meta.url);
  const json = execFileSync(process.execPath, [file, ...args], {
    // Else glibc gives memory back at each claim of the floor, and takes it again, in some processes: twice the time of a job.
    env: { ...process.env, MALLOC_TRIM_THRESHOLD_: "1000000000" },
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(json) as Measured;
}

type Figures = Record<string, number>;

function figures(all: readonly Measured[]): Figures {
  const of = (what: "alone" | "half", share: number): number =>
    median(all.map((one) => quantile(one[what], share)));
  const flow = `${inFlight.toLocaleString("en-US")} in flight, jobs/s`;
  return {
    [flow]: median(all.map((one) => one.flow)),
    "as one list": median(all.map(({ many }) => many)),
    "each by itself": median(all.map(({ burst }) => burst)),
    "alone, p50 ms": of("alone", 0.5),
    "alone, p99": of("alone", 0.99),
    "half load, p50": of("half", 0.5),
    "half load, p99": of("half", 0.99),
  };
}
