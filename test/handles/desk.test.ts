import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { Desk } from "../../src/handles/desk.js";
import { type JobRecord, newRecord } from "../../src/models/job.js";
import type { Cancellation, Store } from "../../src/store/store.js";
import type { Dispatcher } from "../../src/supervisor/dispatcher.js";
import type { EndedFields } from "../../src/supervisor/ending.js";
import { Waiter } from "../../src/supervisor/waiter.js";

describe("A job that is cancelled", () => {
  const known = newRecord(1, {
    plan: { name: "", category: "", timeout: 0, die: true, dependencies: [] },
    actionId: 1,
    kwargs: "{}",
  });
  /** What the store has of it. */
  let record: JobRecord;
  let outcome: Cancellation["outcome"];
  let desk: Desk;
  /** How it ends when it is told to stop while it runs. */
  let end: Partial<EndedFields>;
  let told: number[];

  beforeEach(() => {
    record = known;
    told = [];
    const store = {
      path: "",
      cancelJob: async () => ({ outcome, failed: [2] }),
      getJobs: async () => [record],
    } as unknown as Store;
    const endedJobs = async (ids: readonly number[]): Promise<JobRecord[]> =>
      ids.includes(1) && record.state !== "NEW" ? [record] : [];
    const jobStates = async (): Promise<JobRecord[]> => [record];
    const waiter = new Waiter({ endedJobs, jobStates }, (error) => {
      throw error;
    });
    const cancel = (id: number): void => {
      record = { ...record, ...end };
      desk.ended(id);
    };
    desk = new Desk(store, waiter, {
      running: () => store,
      dispatcher: () => ({ cancel }) as unknown as Dispatcher,
      ended: (id) => told.push(id),
    });
  });

  afterEach(() => {
    desk.stop();
  });

  test("says so if it ends HALTED", async () => {
    outcome = "running";
    end = { state: "ERROR", errorCat: "HALTED" };
    const job = desk.handle(record);
    expect(await job.cancel()).toBe(true);
    expect(job).toMatchObject({ state: "ERROR", errorCat: "HALTED" });
  });

  test("says that it was not, if it ends OK just as it is told to stop", async () => {
    outcome = "running";
    end = { state: "OK", result: "5" };
    const job = desk.handle(record);
    expect(await job.cancel()).toBe(false);
    expect(job).toMatchObject({ state: "OK", result: 5 });
  });

  test("says that it was not, if it had been cancelled before", async () => {
    outcome = "ended";
    record = { ...known, state: "ERROR", errorCat: "HALTED" };
    expect(await desk.handle(known).cancel()).toBe(false);
    expect(told).toEqual([]);
  });

  test("before it ran is told to have ended, and with it what depends on it", async () => {
    outcome = "cancelled";
    const job = desk.handle(record);
    record = { ...known, state: "ERROR", errorCat: "HALTED" };
    expect(await job.cancel()).toBe(true);
    expect(told).toEqual([1, 2]);
  });
});
