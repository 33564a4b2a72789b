import { describe, expect, test } from "@jest/globals";

import type { ClaimedJob } from "../../src/models/job.js";
import type { Store } from "../../src/store/store.js";
import { Ledger } from "../../src/supervisor/ledger.js";

const job = (id: number): ClaimedJob => ({
  ...{ id, name: "", category: "", timeout: 0, actionId: 1, kwargs: "{}" },
  ...{ attempt: 1, interruptions: 0, dependencies: [], results: [] },
});
const ok = { kind: "ok", result: "1", timeStart: 1, timeStop: 2 } as const;

/** A ledger on a store that refuses the ends of `bad`, and finds those of `late` stale. */
function ground(
  bad: readonly number[] = [],
  late: readonly number[] = [],
): { ledger: Ledger; told: number[]; given: number[][]; errors: string[] } {
  const told: number[] = [];
  const given: number[][] = [];
  const errors: string[] = [];
  const finishJobs: Store["finishJobs"] = async (finishes) => {
    const ids = finishes.map(({ id }) => id);
    given.push(ids);
    if (ids.some((id) => bad.includes(id)))
      throw new Error(`not ${ids.join()}`);
    return { accepted: ids.map((id) => !late.includes(id)), released: false };
  };
  const ledger = new Ledger({ finishJobs } as Store, {
    ended: (id) => told.push(id),
    news: () => undefined,
    failed: (cause) => errors.push((cause as Error).message),
  });
  return { ledger, told, given, errors };
}

describe("The ends of one turn", () => {
  test("are written together, and told when they are", async () => {
    const { ledger, told, given } = ground([], [2]);
    for (const id of [1, 2, 3]) ledger.settle(1, job(id), ok);
    expect(told).toEqual([]);
    await ledger.written();
    ledger.settle(1, job(4), ok);
    await ledger.written();
    expect(given).toEqual([[1, 2, 3], [4]]);
    expect(told).toEqual([1, 3, 4]);
  });

  test("do not pay for one among them that cannot be written", async () => {
    const { ledger, told, errors } = ground([2]);
    for (const id of [1, 2, 3]) ledger.settle(1, job(id), ok);
    await ledger.close();
    expect(told).toEqual([1, 3]);
    expect(new Set(errors)).toEqual(new Set(["not 2"]));
  });
});
