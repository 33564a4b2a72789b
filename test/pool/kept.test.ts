import { beforeEach, describe, expect, test } from "@jest/globals";

import { KeptWorkers } from "../../src/pool/kept.js";
import type { Wanted } from "../../src/pool/wanted.js";
import type { PoolWorker } from "../../src/pool/worker.js";

const wanted: Wanted = { type: "subprocess", debug: true, scaled: false };

function worker(
  nr: number,
  changes: Partial<Pick<PoolWorker, "phase" | "unwanted">> = {},
): PoolWorker {
  const facts = { nr, phase: "idle", unwanted: false, ...changes };
  return facts as unknown as PoolWorker;
}

const turn = (): Promise<void> =>
  new Promise((resolve) => setImmediate(resolve));

describe("A single worker that has died", () => {
  let kept: KeptWorkers;
  /** What was asked for, and not started yet. */
  let asked: Wanted[];
  let started: ((fresh: PoolWorker | undefined) => Promise<void>)[];

  beforeEach(() => {
    kept = new KeptWorkers();
    asked = [];
    started = [];
  });

  const replace = (): void => {
    kept.replace((one) => {
      asked.push(one);
      return new Promise((resolve) => {
        started.push((fresh) => {
          resolve(fresh);
          return turn();
        });
      });
    });
  };

  test("is replaced once, however often that is asked for while the fresh one is slow to start", async () => {
    kept.add(worker(3, { phase: "dead" }), wanted);
    for (let times = 0; times < 3; times += 1) replace();
    await turn();
    replace();
    expect(asked).toEqual([{ ...wanted, nr: 3, anyNr: true }]);
    await started[0]!(worker(4));
    replace();
    expect(asked).toHaveLength(1);
    expect(kept.size).toBe(1);
  });

  test("is replaced again if the fresh one dies, too, as what it was wanted for", async () => {
    kept.add(worker(3, { phase: "dead" }), wanted);
    replace();
    await started[0]!(worker(4, { phase: "dead" }));
    replace();
    expect(asked[1]).toEqual({ ...wanted, nr: 4, anyNr: true });
  });

  test("is tried again if the fresh one could not start", async () => {
    kept.add(worker(3, { phase: "dead" }), wanted);
    replace();
    await started[0]!(undefined);
    replace();
    expect(asked).toHaveLength(2);
  });

  test("is not replaced if it was told to end, nor is one that lives", () => {
    const halted = worker(3, { phase: "dead", unwanted: true });
    kept.add(halted, wanted);
    kept.add(worker(4), wanted);
    replace();
    expect(asked).toEqual([]);
    expect(kept.size).toBe(1);
  });

  test("has no successor that is kept, if none are any more when that has started", async () => {
    kept.add(worker(3, { phase: "dead" }), wanted);
    replace();
    kept.clear();
    await started[0]!(worker(4));
    expect(kept.size).toBe(0);
  });
});
