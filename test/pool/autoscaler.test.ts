import { expect, test } from "@jest/globals";

import { Autoscaler, type ScaledWorker } from "../../src/pool/autoscaler.js";

test("However long an idle worker is kept, the pool sets no timer that is longer than timers can be", () => {
  const workers: ScaledWorker[] = [];
  const delays: number[] = [];
  const start = (): void => {
    const worker: ScaledWorker = {
      phase: "idle",
      idleFor: 0,
      slowFor: 0,
      holds: 0,
      halt: () => workers.splice(workers.indexOf(worker), 1),
    };
    workers.push(worker);
  };
  const autoscaler = new Autoscaler(
    { idleTimeout: 2 ** 31 - 1, concurrency: 1 },
    { nrMin: 0, nrMax: 3 },
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
      monotonic: () => 0,
      setTimeout: (_, delay) => {
        delays.push(delay);
        return { unref: () => undefined };
      },
      clearTimeout: () => undefined,
    },
  );
  const look = (ready: number, nrMax: number): void => {
    autoscaler.bounds = { nrMin: 0, nrMax };
    autoscaler.load(ready);
    autoscaler.reconcile(false);
  };
  look(3, 3);
  look(3, 3);
  look(0, 1);
  expect(workers).toHaveLength(1);
  // One that was retired too early makes it more patient than the option says.
  look(3, 3);
  look(0, 3);
  expect(workers.length).toBeGreaterThan(1);
  expect(Math.max(...delays)).toBeLessThan(2 ** 31);
});
