import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { Boots } from "../../src/pool/boots.js";
import type { PoolWorker } from "../../src/pool/worker.js";

describe("A worker that does not come up", () => {
  let boots: Boots;
  let given: string[];

  beforeEach(() => {
    given = [];
    boots = new Boots({
      booted: () => undefined,
      wanted: () => true,
      tryAgain: () => undefined,
    });
  });

  afterEach(() => {
    boots.reset();
  });

  /** One whose process ends before it is ready; for this reason, unless it was told to. */
  const start = (error: string | null): Promise<PoolWorker> => {
    const worker = {
      phase: "starting",
      error,
      start: async () => {
        throw new Error(error ?? "it ended");
      },
      giveUp: (why: string) => given.push(why),
    };
    return boots.start(async () => worker as unknown as PoolWorker, true);
  };

  test("keeps others from being tried for a while, if that is its own fault", async () => {
    await expect(start("no memory")).rejects.toThrow("no memory");
    expect(boots.barred).toBe(true);
    await expect(start("another fault")).rejects.toThrow("no memory");
    expect(given).toEqual(["no memory"]);
  });

  test("keeps none from being tried, if it was told to end meanwhile: that is no fault, and nobody is told of one", async () => {
    await expect(start(null)).resolves.toMatchObject({ error: null });
    expect(boots.barred).toBe(false);
    expect(boots.under).toEqual([]);
  });
});
