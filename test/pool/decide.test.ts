import { describe, expect, test } from "@jest/globals";

import { decide, type Situation } from "../../src/pool/decide.js";

const calm: Situation = {
  nrMin: 1,
  nrMax: 10,
  busy: 0,
  idle: 1,
  starting: 0,
  ready: 0,
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
    ["doubles while jobs wait", { idle: 0, busy: 2, ready: 100 }, { start: 2 }],
    ["never goes above nrMax", { idle: 0, busy: 8, ready: 100 }, { start: 2 }],
    [
      "starts no more than are needed",
      { idle: 0, busy: 4, ready: 9 },
      { start: 2 },
    ],
    [
      "starts none for what will be done before it has booted",
      { idle: 0, busy: 1, ready: 2, serviceTime: 10, nrMin: 1 },
      { start: 1 },
    ],
    [
      "waits for those that are starting before it doubles again",
      { idle: 0, busy: 2, starting: 2, ready: 100, sinceGrowth: 50 },
      {},
    ],
    [
      "doubles again when they should have arrived",
      { idle: 0, busy: 2, starting: 2, ready: 100, sinceGrowth: 150 },
      { start: 4 },
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
      { idle: 1, busy: 2, ready: 0, idleFor: 0 },
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
