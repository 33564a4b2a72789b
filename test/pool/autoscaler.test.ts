import { beforeEach, expect, test } from "@jest/globals";

import { Autoscaler, type ScaledWorker } from "../../src/pool/autoscaler.js";

type Idle = ScaledWorker & { idleFor: number };

let workers: Idle[];
/** Of the timers it has set. */
let delays: number[];
let time: number;

beforeEach(() => {
  workers = [];
  delays = [];
  time = 0;
});

/** On a pool whose workers are up at once, and idle. */
function scaling(idleTimeout: number, nrMax: number): Autoscaler {
  const start = (): void => {
    const worker: Idle = {
      phase: "idle",
      idleFor: 0,
      slowFor: 0,
      holds: 0,
      halt: () => workers.splice(workers.indexOf(worker), 1),
    };
    workers.push(worker);
  };
  return new Autoscaler(
    { idleTimeout, concurrency: 1 },
    { nrMin: 0, nrMax },
    {
      workers: () => [...workers],
      arriving: () => 0,
      start: (nr) => {
        for (let one = 0; one < nr; one += 1) start();
      },
      scaled: () => undefined,
      lookAgain: () => undefined,
    },
    {
      monotonic: () => time,
      setTimeout: (_, delay) => {
        delays.push(delay);
        return { unref: () => undefined };
      },
      clearTimeout: () => undefined,
    },
  );
}

/** So many jobs wait now. */
function look(autoscaler: Autoscaler, ready: number): void {
  autoscaler.load(ready);
  autoscaler.reconcile(false);
}

test("However long an idle worker is kept, the pool sets no timer that is longer than timers can be", () => {
  const autoscaler = scaling(2 ** 31 - 1, 3);
  look(autoscaler, 3);
  look(autoscaler, 3);
  autoscaler.bounds = { nrMin: 0, nrMax: 1 };
  look(autoscaler, 0);
  expect(workers).toHaveLength(1);
  // One that was retired too early makes it more patient than the option says.
  autoscaler.bounds = { nrMin: 0, nrMax: 3 };
  look(autoscaler, 3);
  look(autoscaler, 0);
  expect(workers.length).toBeGreaterThan(1);
  expect(Math.max(...delays)).toBeLessThan(2 ** 31);
});

/** For how long a worker that comes now is kept idle. */
function keptFor(autoscaler: Autoscaler): number {
  look(autoscaler, 1);
  const worker = workers[0]!;
  while (workers.length > 0) {
    worker.idleFor += 1_000;
    look(autoscaler, 0);
  }
  return worker.idleFor;
}

test("Each idle worker that was retired too early doubles the time for which the next is kept, up to eight times the option", () => {
  const autoscaler = scaling(1_000, 3);
  const kept = Array.from({ length: 6 }, () => {
    // Needed again, not long after the last one went.
    time += 1_000;
    return keptFor(autoscaler);
  });
  expect(kept).toEqual([1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
});

test("A worker that was retired long before another is needed was not retired too early", () => {
  const autoscaler = scaling(1_000, 3);
  const kept = Array.from({ length: 3 }, () => {
    time += 1_001;
    return keptFor(autoscaler);
  });
  expect(kept).toEqual([1_000, 1_000, 1_000]);
});
