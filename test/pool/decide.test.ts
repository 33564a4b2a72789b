import { describe, expect, test } from "@jest/globals";

import { decide, type Situation } from "../../src/pool/decide.js";

const calm: Situation = {
  nrMin: 1,
  nrMax: 10,
  busy: 0,
  slow: 0,
  idle: 1,
  starting: 0,
  ready: 0,
  inflow: 0,
  booted: true,
  bootTime: 100,
  serviceTime: 50,
  concurrency: 1,
  sinceGrowth: Infinity,
  idleFor: 0,
  idleTimeout: 1_000,
};

describe("the autoscaler", () => {
  test.each<[string, Partial<Situation>, { start?: number; retire?: number }]>([
    ["does nothing when nothing waits", {}, {}],
    ["fills up to nrMin at once", { nrMin: 4, idle: 0 }, { start: 4 }],
    [
      "counts workers that are starting as capacity",
      { nrMin: 4, idle: 0, starting: 3 },
      { start: 1 },
    ],
    [
      "starts one where there is none and something waits",
      { nrMin: 0, idle: 0, ready: 1 },
      { start: 1 },
    ],
    [
      "doubles while jobs wait and none has ended",
      { idle: 0, busy: 2, ready: 100, serviceTime: undefined },
      { start: 2 },
    ],
    [
      "waits for those that are starting before it doubles again",
      {
        idle: 0,
        busy: 2,
        starting: 2,
        ready: 100,
        sinceGrowth: 50,
        serviceTime: undefined,
      },
      {},
    ],
    [
      "doubles again when they should have arrived",
      {
        idle: 0,
        busy: 2,
        starting: 2,
        ready: 100,
        sinceGrowth: 150,
        serviceTime: undefined,
      },
      { start: 4 },
    ],
    [
      "does not guess when the first should have arrived",
      {
        idle: 0,
        starting: 1,
        ready: 100,
        sinceGrowth: 150,
        booted: false,
        serviceTime: undefined,
      },
      {},
    ],
    ["never goes above nrMax", { idle: 0, busy: 8, ready: 100 }, { start: 2 }],
    [
      "starts at once as many as what comes in keeps busy, with those that are starting",
      { idle: 0, busy: 2, starting: 1, ready: 4, inflow: 0.1 },
      { start: 2 },
    ],
    [
      "starts at once as many as clear what waits within two boots and a job",
      { idle: 0, busy: 1, ready: 29 },
      { start: 5 },
    ],
    [
      "starts no more than there are jobs",
      { idle: 0, busy: 4, ready: 2, inflow: 1 },
      { start: 2 },
    ],
    [
      "starts none for what will be done before it has booted",
      { idle: 0, busy: 1, ready: 2, serviceTime: 10, nrMin: 1 },
      {},
    ],
    [
      "starts others when all are held by jobs that are slow",
      { idle: 0, busy: 3, slow: 3, ready: 2, serviceTime: 10 },
      { start: 1 },
    ],
    [
      "starts one for each long job that waits",
      { idle: 0, busy: 2, ready: 3, serviceTime: 60_000 },
      { start: 3 },
    ],
    [
      "needs fewer workers that run several jobs at a time",
      { idle: 0, busy: 1, ready: 40, inflow: 0.4, concurrency: 10 },
      { start: 1 },
    ],
    [
      "keeps an idle worker that has not been idle for long",
      { idle: 3, idleFor: 999 },
      {},
    ],
    ["retires one that has", { idle: 3, idleFor: 1_000 }, { retire: 1 }],
    ["retires none below nrMin", { nrMin: 3, idle: 3, idleFor: 5_000 }, {}],
    [
      "retires the last one where nrMin is 0",
      { nrMin: 0, idle: 1, idleFor: 5_000 },
      { retire: 1 },
    ],
    [
      "retires no worker that is needed",
      { idle: 1, busy: 2, ready: 1, idleFor: 5_000, serviceTime: 60_000 },
      {},
    ],
    [
      "retires all above a lowered nrMax",
      { nrMax: 2, idle: 1, busy: 4 },
      { retire: 3 },
    ],
    [
      "counts one job as one worker until a first has ended",
      { idle: 0, busy: 1, ready: 5, serviceTime: undefined },
      { start: 1 },
    ],
  ])("%s", (_, change, expected) => {
    const { start, retire } = decide({ ...calm, ...change });
    expect({ start, retire }).toEqual({ start: 0, retire: 0, ...expected });
  });

  test("keeps within its bounds whatever the situation, and never both starts and retires", () => {
    const numbers = [0, 1, 3, 10, 1_000];
    for (const busy of numbers)
      for (const idle of numbers)
        for (const starting of numbers)
          for (const ready of numbers) {
            const situation = {
              ...calm,
              busy,
              idle,
              starting,
              ready,
              slow: Math.floor(busy / 2),
              inflow: 1,
              idleFor: 2_000,
            };
            const { start, retire, need } = decide(situation);
            const present = busy + idle + starting;
            expect(need).toBeGreaterThanOrEqual(1);
            expect(need).toBeLessThanOrEqual(10);
            expect(Math.min(start, retire)).toBe(0);
            if (start > 0) expect(present + start).toBeLessThanOrEqual(10);
            if (retire > 0) expect(present - retire).toBeGreaterThanOrEqual(1);
          }
  });
});
