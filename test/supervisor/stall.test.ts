import { afterEach, expect, test } from "@jest/globals";

import type { Pool } from "../../src/pool/pool.js";
import type { PoolWorker } from "../../src/pool/worker.js";
import { Stall } from "../../src/supervisor/stall.js";
import { until } from "../support/until.js";

interface Holder {
  ahead: boolean;
  open: boolean;
  holds: number;
  current: { id: number } | undefined;
  slowFor: number;
  revoke: () => void;
}

const stalls: Stall[] = [];
afterEach(() => {
  for (const stall of stalls.splice(0)) stall.stop();
});

/** A worker that holds some jobs, the first of which has run for so long. */
function holder(id: number, holds: number, slowFor: number): Holder {
  const worker: Holder = {
    ahead: true,
    open: true,
    holds,
    current: holds === 0 ? undefined : { id },
    slowFor,
    revoke: () => (worker.holds = 1),
  };
  return worker;
}

/** Watches them; gives how often it has looked: each time it names the worker that a test adds for that. */
function watch(workers: Holder[], nrMax: number): () => number {
  let looks = 0;
  const witness = { ...holder(9, 1, 11), revoke: () => undefined };
  const named = (): void => {
    looks += 1;
    witness.current = { id: 9 + looks };
  };
  const pool = {
    workers: new Map([...workers, witness].map((one, nr) => [nr, one])),
    bounds: { nrMin: 0, nrMax },
    scaling: true,
  } as unknown as Pool;
  const stall = new Stall(pool, (_, job) => {
    if (job !== null && job >= 9) named();
  });
  stalls.push(stall);
  stall.watch();
  return () => looks;
}

test.each([
  ["a worker is idle", [holder(1, 5, 11), holder(2, 0, 0)], 3],
  ["another may be started", [holder(1, 5, 11), holder(2, 5, 0)], 4],
  ["other hosts have waited long", [holder(1, 5, 101), holder(2, 5, 0)], 3],
])(
  "What lies behind a slow job is taken back when %s",
  async (_, workers, nrMax) => {
    watch(workers, nrMax);
    await until("it is taken back", () => workers[0]!.holds === 1);
  },
);

test("The row of a worker names a job that has become slow, until the worker has nothing to do", async () => {
  const worker = holder(1, 1, 9);
  const others = holder(2, 1, 11);
  const names: [Holder, number | null][] = [];
  const pool = {
    workers: new Map([worker, others].entries()),
    bounds: { nrMin: 0, nrMax: 2 },
    scaling: true,
  } as unknown as Pool;
  const stall = new Stall(pool, (one, job) => {
    names.push([one, job]);
  });
  stalls.push(stall);
  stall.watch();
  await until("the slow one is named", () => names.length > 0);
  expect(names.splice(0)).toEqual([[others, 2]]);
  for (const one of [worker, others]) stall.rests(one as unknown as PoolWorker);
  expect(names).toEqual([[others, null]]);
});

test("Nothing is watched any more once it has stopped, whatever is still assigned", () => {
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((one) => one === "Timeout").length;
  const before = timers();
  const workers = new Map([holder(1, 5, 11)].entries());
  const stall = new Stall({ workers } as unknown as Pool, () => undefined);
  stall.watch();
  expect(timers()).toBe(before + 1);
  stall.stop();
  stall.watch();
  expect(timers()).toBe(before);
});

test("What lies behind a slow job stays there while nobody could take it", async () => {
  const workers = [holder(1, 5, 11), holder(2, 5, 0)];
  const looks = watch(workers, 3);
  await until("it has looked often", () => looks() > 5);
  expect(workers[0]!.holds).toBe(5);
});
