import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";

import type * as Clock from "../../src/clock.js";
import type { JobRecord } from "../../src/models/job.js";
import { Waiter } from "../../src/supervisor/waiter.js";
import { until } from "../support/until.js";

let waiter: Waiter;
let store: ConstructorParameters<typeof Waiter>[0];
/** Of which jobs the store has been asked whether they have ended, wherever that was. */
let asked: number[][];
let ended: number[];
/** Whose states it has been asked for. */
let looked: number[][];

beforeEach(() => {
  asked = [];
  looked = [];
  ended = [];
  const endedJobs = async (
    ids: readonly number[],
    elsewhere = false,
  ): Promise<JobRecord[]> => {
    if (!elsewhere && ids.length > 0) asked.push([...ids]);
    const found = ids.filter((id) => ended.includes(id));
    return found.map((id) => ({ id }) as JobRecord);
  };
  const jobStates = async (ids: readonly number[]): Promise<never[]> => {
    looked.push([...ids]);
    return [];
  };
  store = { endedJobs, jobStates };
  waiter = new Waiter(store, (error) => {
    throw error;
  });
});

afterEach(() => {
  waiter.stop();
});

const turn = (): Promise<void> =>
  new Promise((resolve) => setImmediate(resolve));

/** Gives whether it has been told. */
function wait(id: number, heard?: number): () => boolean {
  let told = false;
  const listener = { told: () => (told = true), stopped: () => undefined };
  waiter.await(waiter.follow(id, heard), listener);
  return () => told;
}

test("A job that was stored since the last news from others is not asked about when somebody waits for it", async () => {
  waiter.news();
  wait(1, waiter.heard);
  await turn();
  expect(asked).toEqual([]);
});

test.each([
  ["before its handle was there", true],
  ["before somebody waited for it", false],
])(
  "A job that others have ended %s is asked about at once",
  async (_, early) => {
    const { heard } = waiter;
    if (!early) waiter.follow(1, heard);
    ended = [1];
    waiter.news();
    const told = wait(1, heard);
    await turn();
    expect(told()).toBe(true);
    expect(asked).toEqual([[1]]);
  },
);

test("A job that is awaited when others have ended it is asked about with the others that are", async () => {
  const told = wait(1, waiter.heard);
  ended = [1];
  waiter.news();
  await turn();
  expect(told()).toBe(true);
  expect(asked).toEqual([]);
});

test("A job of which no more is known than its id is asked about, once", async () => {
  wait(1);
  await turn();
  wait(1);
  await turn();
  expect(asked).toEqual([[1]]);
});

test("Very many are asked about in portions", async () => {
  const ids = Array.from({ length: 2_500 }, (_, index) => index + 1);
  ended = ids;
  const told = ids.map((id) => wait(id));
  await until("all are told", () => told.every((one) => one()));
  expect(asked.flat().sort((a, b) => a - b)).toEqual(ids);
  expect(Math.max(...asked.map(({ length }) => length))).toBe(1_000);
});

test("The slow look asks about all that are awaited, and about no others", async () => {
  const ids = Array.from({ length: 2_500 }, (_, nr) => 4 * nr + 1);
  const waits = ids.map((id) => {
    for (let other = id + 1; other < id + 4; other += 1)
      waiter.follow(other, waiter.heard);
    return wait(id, waiter.heard);
  });
  // The store has none of them: they were deleted.
  await until("all are told", () => waits.every((told) => told()));
  expect(looked.flat()).toEqual(ids);
  expect(looked.length).toBeLessThan(4);
});

test("Very many that have not ended are asked about without waiting for the slow look", async () => {
  jest.resetModules();
  jest.doMock("../../src/clock.js", () => ({
    ...jest.requireActual<typeof Clock>("../../src/clock.js"),
    // One that never comes.
    setInterval: () => ({ ref: () => undefined, unref: () => undefined }),
    clearInterval: () => undefined,
  }));
  const { Waiter } = await import("../../src/supervisor/waiter.js");
  jest.dontMock("../../src/clock.js");
  waiter = new Waiter(store, (error) => {
    throw error;
  });
  const ids = Array.from({ length: 2_500 }, (_, index) => index + 1);
  for (const id of ids) wait(id);
  await until("all are asked about", () => asked.flat().length >= ids.length);
  expect(asked.flat()).toEqual(ids);
  expect(Math.max(...asked.map(({ length }) => length))).toBe(1_000);
});
