import { expect, test } from "@jest/globals";

import { killHosts } from "./deaths.js";
import { canWatch, cutCopies, cutPower } from "./power.js";

/** Any number of rounds more: `npm run soak -- --rounds N`. */
const seed = 7;
const bound = 120_000;

test(
  "hosts that die at random moments lose no accepted job, end none twice, and leave nothing",
  async () => {
    const { hosts, accepted, ends, wrong } = await killHosts(16, seed);
    expect(wrong).toEqual([]);
    expect(hosts).toBeGreaterThanOrEqual(18);
    expect(accepted).toBeGreaterThan(100);
    expect(ends.OK).toBeGreaterThan(100);
  },
  bound,
);

/** Where strace is there, by what was truly synced; everywhere, by what SQLite takes for synced. */
const cuts = canWatch() ? [cutCopies, cutFull] : [cutCopies];

test.each(cuts)(
  "a job that was accepted with durability 'full' survives the power's failing (%#)",
  async (cut) => {
    const { lost, damages } = await cut(24, seed);
    expect({ lost, damages }).toEqual({ lost: 0, damages: [] });
  },
  bound,
);

function cutFull(cuts: number, seed: number): ReturnType<typeof cutPower> {
  return cutPower("full", cuts, seed);
}
