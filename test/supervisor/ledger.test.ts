import { describe, expect, test } from "@jest/globals";

import type { ClaimedJob } from "../../src/models/job.js";
import { cancelled, type Outcome } from "../../src/pool/outcome.js";
import type { Finished, Settlement, Store } from "../../src/store/store.js";
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

/** A ledger on a store that answers so; what it tells: the ids that have ended, and "news". */
function telling(answers: {
  finished?: Finished;
  settlement?: Settlement;
  released?: number[];
}): { ledger: Ledger; told: (number | "news")[] } {
  const told: (number | "news")[] = [];
  const store = {
    finishJobs: async () => answers.finished,
    failJob: async () => answers.settlement,
    releaseJobs: async () => answers.released,
  } as unknown as Store;
  const ledger = new Ledger(store, {
    ended: (id) => told.push(id),
    news: () => told.push("news"),
    failed: (cause) => {
      throw cause;
    },
  });
  return { ledger, told };
}

const failed: Outcome = {
  ...cancelled(),
  ...{ kind: "failed", timeStart: 1, timeStop: 2 },
};

describe("An end that is written", () => {
  test.each<[string, Finished, (number | "news")[]]>([
    [
      "is news where others waited for it",
      { accepted: [true], released: true },
      [1, "news"],
    ],
    ["is no news where none did", { accepted: [true], released: false }, [1]],
    [
      "is news where it is stale, since an earlier try may have let others go",
      { accepted: [false], released: false },
      ["news"],
    ],
  ])("%s", async (_, finished, expected) => {
    const { ledger, told } = telling({ finished });
    ledger.settle(1, job(1), ok);
    await ledger.written();
    expect(told).toEqual(expected);
  });

  test("as a failure is told of the job, and of those that it took along", async () => {
    const { ledger, told } = telling({
      settlement: { outcome: "ok", failed: [2, 3] },
    });
    ledger.settle(1, job(1), failed);
    await ledger.written();
    expect(told).toEqual([1, 2, 3]);
  });

  test("as a failure is told of nobody where it is stale", async () => {
    const { ledger, told } = telling({
      settlement: { outcome: "stale", failed: [] },
    });
    ledger.settle(1, job(1), failed);
    await ledger.written();
    expect(told).toEqual([]);
  });
});

test("A job that is given back is news, and told to have ended if it was cancelled meanwhile", async () => {
  const { ledger, told } = telling({ released: [1, 2] });
  ledger.settle(1, job(1), { kind: "released", started: true });
  await ledger.written();
  expect(told).toEqual([1, 2, "news"]);
});
