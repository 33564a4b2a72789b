import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { Boots } from "../../src/pool/boots.js";
import type { PoolWorker } from "../../src/pool/worker.js";

describe("A worker that does not come up", () => {
  let boots: Boots;
  let given: string[];
  let tries: number;

  beforeEach(() => {
    given = [];
    tries = 0;
    boots = new Boots({
      booted: () => undefined,
      wanted: () => true,
      tryAgain: () => (tries += 1),
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

  test("keeps them from that no longer than until one comes up that was on its way: then they are tried at once", async () => {
    let comeUp: () => void = () => undefined;
    const slow = {
      phase: "starting",
      start: () => new Promise<void>((resolve) => (comeUp = resolve)),
    };
    const up = boots.start(async () => slow as unknown as PoolWorker, true);
    await expect(start("no memory")).rejects.toThrow("no memory");
    expect({ tries, barred: boots.barred }).toEqual({ tries: 0, barred: true });
    comeUp();
    await up;
    expect({ tries, barred: boots.barred }).toEqual({
      tries: 1,
      barred: false,
    });
  });

  test("keeps none from being tried, if it was told to end meanwhile: that is no fault, and nobody is told of one", async () => {
    await expect(start(null)).resolves.toMatchObject({ error: null });
    expect(boots.barred).toBe(false);
    expect(boots.under).toEqual([]);
  });
});
