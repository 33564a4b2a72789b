/**
 * Jobs from 0.1 ms to 5 s, mixed: how long all take beside ideal list scheduling of the same durations, how
 * long short ones wait, and whether a worker is idle while a job waits. Usage: npm run bench -- mixed [jobs] [rounds]
 */
import path from "node:path";

import type { Job } from "../../src/index.js";
import { randomNumbers } from "../pool/loads.js";
import { inFolder, openBuilt } from "./built.js";
import {
  machine,
  median,
  print,
  quantile,
  type Row,
  sleep,
} from "./figures.js";

const [jobs = 4_000, rounds = 3] = process.argv.slice(2).map(Number);
const workers = 4;
/** A job that takes no longer is short, in milliseconds. */
const short = 10;

/** Holds the child as work would, but no processor: so that more workers than processors can be judged. */
const work = ({ ms }: { ms: number }): number => {
  const end = performance.now() + ms;
  if (ms > 2)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms - 1);
  while (performance.now() < end);
  return ms;
};

interface Run {
  makespan: number;
  ideal: number;
  /** Of short jobs. */
  waits: number[];
  /** Milliseconds for which a worker was idle while a job waited. */
  idle: number;
}

const batches: Run[] = [];
const grown: Run[] = [];
const streams: Run[] = [];
for (let round = 0; round < rounds; round += 1) {
  const durations = mixed(round + 1);
  batches.push(await run(durations, 0, workers));
  grown.push(await run(durations, 0, 1));
  // Half of what the workers can do.
  const total = durations.reduce((sum, one) => sum + one, 0);
  streams.push(await run(durations, (2 * total) / workers, 1));
}
print(
  `${String(jobs)} jobs of 0.1 ms to 5 s by Zipf, at most ${String(workers)} workers; medians of ${String(rounds)} rounds; ${machine()}`,
  [
    row("all at once, 4 workers", batches),
    row("all at once, grown from 1", grown),
    row("spread over twice their work, grown from 1", streams),
  ],
);

function row(what: string, runs: readonly Run[]): Row {
  const of = (pick: (run: Run) => number): number => median(runs.map(pick));
  return {
    jobs: what,
    "makespan, s": of(({ makespan }) => makespan) / 1_000,
    "ideal, s": of(({ ideal }) => ideal) / 1_000,
    ratio: of(({ makespan, ideal }) => makespan / ideal),
    "short jobs wait, ms: p50": of(({ waits }) => median(waits)),
    p99: of(({ waits }) => quantile(waits, 0.99)),
    "idle while jobs wait, %": of(
      ({ idle, makespan }) => (100 * idle) / makespan,
    ),
  };
}

/** The k-th longest is proportional to a power of 1/k, from 5 s down to 0.1 ms; in an order by chance. */
function mixed(seed: number): number[] {
  const random = randomNumbers(seed);
  const exponent = Math.log(50_000) / Math.log(jobs);
  return Array.from({ length: jobs }, (_, nr) => 5_000 / (nr + 1) ** exponent)
    .map((duration) => ({ duration, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ duration }) => duration);
}

function run(
  durations: readonly number[],
  spread: number,
  nrMin: number,
): Promise<Run> {
  return inFolder(async (folder) => {
    const store = path.join(folder, "jobs.db");
    const myjobs = await openBuilt({ store, nrMin, nrMax: workers });
    await myjobs.workersSubprocessStart();
    const begun = Date.now();
    const came: number[] = [];
    const kwargs = durations.map((ms) => ({ ms }));
    const all: Job<number>[] = [];
    if (spread === 0) {
      all.push(...(await myjobs.scheduleMany(work, kwargs)));
      came.push(...kwargs.map(() => begun));
    }
    while (all.length < kwargs.length) {
      const due = ((Date.now() - begun) / spread) * kwargs.length;
      const some = kwargs.slice(all.length, Math.ceil(due));
      came.push(...some.map(() => Date.now()));
      if (some.length > 0) all.push(...(await myjobs.scheduleMany(work, some)));
      await sleep(5);
    }
    await myjobs.wait(all);
    const makespan = Date.now() - begun;
    await myjobs.stop();
    const starts = all.map(({ timeStart }) => timeStart!.getTime());
    const stops = all.map(({ timeStop }) => timeStop!.getTime());
    const waits = starts
      .map((start, nr) => start - came[nr]!)
      .filter((_, nr) => durations[nr]! <= short);
    const offsets = came.map((at) => at - begun);
    const ideal = listScheduled(durations, offsets, workers);
    return { makespan, ideal, waits, idle: idleTime(came, starts, stops) };
  });
}

/** When the last ends, if each is given in turn to whoever is free first. */
function listScheduled(
  durations: readonly number[],
  offsets: readonly number[],
  lanes: number,
): number {
  const free = Array.from({ length: lanes }, () => 0);
  durations.forEach((duration, nr) => {
    free.sort((a, b) => a - b);
    free[0] = Math.max(free[0]!, offsets[nr]!) + duration;
  });
  return Math.max(...free);
}

/** For how long fewer ran than there are workers while some waited, by the ends and starts in the store. */
function idleTime(
  came: readonly number[],
  starts: readonly number[],
  stops: readonly number[],
): number {
  const changes = [
    ...came.map((at) => ({ at, waiting: 1, running: 0 })),
    ...starts.map((at) => ({ at, waiting: -1, running: 1 })),
    ...stops.map((at) => ({ at, waiting: 0, running: -1 })),
  ].sort((a, b) => a.at - b.at);
  let [waiting, running, before, idle] = [0, 0, 0, 0];
  for (const change of changes) {
    if (waiting > 0 && running < workers) idle += change.at - before;
    waiting += change.waiting;
    running += change.running;
    before = change.at;
  }
  return idle;
}
