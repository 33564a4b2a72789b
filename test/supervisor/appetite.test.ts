import { describe, expect, test } from "@jest/globals";

import type { PoolWorker } from "../../src/pool/worker.js";
import { appetite } from "../../src/supervisor/appetite.js";

/** What of a worker the appetite depends on. */
function worker(
  changes: Partial<PoolWorker> & { concurrency?: number } = {},
): PoolWorker {
  const { concurrency = 1, ...rest } = changes;
  const idle = { open: true, holds: 0, bulk: 0, slowFor: 0 };
  return {
    ...idle,
    ahead: concurrency === 1,
    ...rest,
    settings: { concurrency },
  } as unknown as PoolWorker;
}

describe("a worker's appetite", () => {
  test.each<[string, Parameters<typeof worker>[0], number | undefined, number]>(
    [
      ["is one job while it is not known how long they take", {}, undefined, 1],
      ["is nothing more then, once it has that", { holds: 1 }, undefined, 0],
      ["is some milliseconds of work while jobs are short", {}, 0.1, 50],
      ["is bounded, however short they are", {}, 0.001, 1_024],
      ["is one job where they are long", {}, 1_000, 1],
      ["comes back when half of that is done", { holds: 25 }, 0.1, 25],
      ["is nothing until then", { holds: 26 }, 0.1, 0],
      ["is nothing while a slow job runs", { holds: 1, slowFor: 11 }, 0.1, 0],
      [
        "is nothing while it has much to read",
        { holds: 2, bulk: 2_000_000 },
        0.1,
        0,
      ],
      ["is nothing where it takes no jobs", { open: false }, 0.1, 0],
      [
        "is what it runs at once where nothing can be sent ahead",
        { holds: 1, concurrency: 3 },
        0.1,
        2,
      ],
    ],
  )("%s", (_, changes, serviceTime, expected) => {
    expect(appetite(worker(changes), serviceTime)).toBe(expected);
  });
});
