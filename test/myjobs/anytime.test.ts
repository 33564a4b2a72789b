import path from "node:path";

import { expect, test } from "@jest/globals";

import {
  type Context,
  type Job,
  MyJobs,
  MyJobsError,
  type StopOptions,
} from "../../src/index.js";
import { signalGroup } from "../../src/processes.js";
import { randomFrom } from "../soak/random.js";
import { descendants, reopen, temporaryFolder } from "../support/instance.js";
import { until } from "../support/until.js";

/** Heeds the signal: in this process nothing else ends it. */
const nap = ({ ms }: { ms: number }, { signal }: Context): Promise<number> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new Error("told to end"));
    });
  });

/** What may be under way at `stop()`; each is begun, and not waited for. */
const doings: Record<string, (myjobs: MyJobs, jobs: Job[]) => unknown> = {
  pool: (myjobs) => myjobs.workersSubprocessStart({ nrMin: 1, nrMax: 3 }),
  fixed: (myjobs) => myjobs.workersSubprocessStart({ nrFixed: 2 }),
  single: (myjobs) => myjobs.workerSubprocessStart(),
  here: (myjobs) => myjobs.workerStart(),
  once: (myjobs) => myjobs.workerStart({ onetime: true }),
  short: async (myjobs, jobs) => {
    jobs.push(await myjobs.schedule(nap, { ms: 1 }));
  },
  long: async (myjobs, jobs) => {
    jobs.push(await myjobs.schedule(nap, { ms: 60_000 }));
  },
  many: async (myjobs, jobs) => {
    const all = Array.from({ length: 200 }, (_, ms) => ({ ms: ms % 7 }));
    jobs.push(...(await myjobs.scheduleMany(nap, all)));
  },
  death: (myjobs) => {
    const pids = [...myjobs.workers.values()].map(({ pid }) => pid);
    const child = pids.find((pid) => pid !== 0 && pid !== process.pid);
    if (child !== undefined) signalGroup(child, "SIGKILL");
  },
  wait: (myjobs) => myjobs.wait(),
  cancel: (_, jobs) => jobs[0]?.cancel(),
  delete: (myjobs) => myjobs.jobs.delete({ state: "OK" }),
  check: (myjobs) => myjobs.workersCheck(),
  drain: (myjobs) => myjobs.drain(),
  halt: (myjobs) => [...myjobs.workers.values()][0]?.halt(),
  kill: (myjobs) => [...myjobs.workers.values()][0]?.kill(),
};
const names = Object.keys(doings);

async function round(seed: number): Promise<void> {
  const random = randomFrom(seed);
  const one = <T>(all: readonly T[]): T =>
    all[Math.floor(random() * all.length)]!;
  const store = path.join(temporaryFolder(), "jobs.db");
  const myjobs = await MyJobs.open({ store, killGrace: 50 });
  const jobs: Job[] = [];
  const pending = new Map<Promise<unknown>, string>();
  const refusals: unknown[] = [];
  const told: string[] = [];
  const begin = (name: string, call: () => unknown): void => {
    told.push(name);
    const begun: Promise<unknown> = Promise.resolve(call()).then(
      () => pending.delete(begun),
      (cause: unknown) => {
        pending.delete(begun);
        refusals.push(cause);
      },
    );
    pending.set(begun, name);
  };
  const moments = Math.floor(random() * 12);
  for (let moment = 0; moment < moments; moment += 1) {
    const name = one(names);
    begin(name, () => doings[name]!(myjobs, jobs));
    const ms = one([0, 0, 1, 10, 80, 300]);
    if (ms > 0)
      await new Promise((resolve) => setTimeout(resolve, ms * random()));
  }
  const options: StopOptions = {
    graceful: one([true, false]),
    timeout: one([0, 30, 200]),
    requeue: one([true, false]),
  };
  begin("stop", () => myjobs.stop(options));
  if (random() < 0.5) begin("stop again", () => myjobs.stop({ timeout: 0 }));
  const what = `seed ${String(seed)}: ${told.join(", ")}`;
  await until(
    `${what} have come to an end; left: ${[...pending.values()].join(", ")}`,
    () => pending.size === 0,
  );
  await until(`${what}: no process is left`, () => descendants().length === 0);
  for (const refusal of refusals) expect(refusal).toBeInstanceOf(MyJobsError);

  const next = await reopen({ store });
  const ids = (await next.jobs.find({ limit: 10_000 })).map(({ id }) => id);
  const deleted = told.includes("delete");
  for (const job of jobs) {
    if (deleted && !ids.includes(job.id)) continue;
    const { state } = await next.jobs.get(job.id);
    expect(["NEW", "OK", "ERROR"]).toContain(state);
  }
  expect(await next.jobs.count({ state: "RUNNING" })).toBe(0);
  expect(await next.workersFind({ state: ["NEW", "WAITING", "BUSY"] })).toEqual(
    [],
  );
  await next.stop();
}

const seeds = Array.from({ length: 40 }, (_, index) => 500 + index);

test.each(seeds)(
  "stop() ends clean whatever is under way, and whatever it was that was accepted is there (seed %d)",
  round,
);
