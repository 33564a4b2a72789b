import { getEventListeners } from "node:events";

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { WaitTimeoutError } from "../../src/errors.js";
import { Job, type JobPort, type WaitOptions } from "../../src/handles/job.js";
import { Waits } from "../../src/handles/waits.js";
import { newRecord } from "../../src/models/job.js";
import type { EndedFields } from "../../src/supervisor/ending.js";
import { Waiter } from "../../src/supervisor/waiter.js";
import { run } from "../support/program.js";

const ok: EndedFields = {
  ...{ state: "OK", errorCat: "NA", error: null, result: "1" },
  ...{ timeStart: 1, timeStop: 2, attempt: 1, worker: 1 },
};

describe("A wait with limits", () => {
  let waiter: Waiter;
  let waits: Waits;
  let jobs: Job[];

  beforeEach(() => {
    const store = { endedJobs: async () => [], jobStates: async () => [] };
    waiter = new Waiter(store, (error) => {
      throw error;
    });
    const port = {
      path: "",
      follow: (id: number) => waiter.follow(id, waiter.heard),
    } as unknown as JobPort;
    waits = new Waits(waiter, port);
    const plan = { name: "", category: "", timeout: 0, die: true };
    jobs = [1, 2].map((id) => {
      const job = { plan: { ...plan, dependencies: [] }, actionId: 1 };
      return new Job(id, newRecord(id, { ...job, kwargs: "{}" }), port);
    });
  });

  afterEach(() => {
    waits.stop();
  });

  const wait = (options: WaitOptions): Promise<void> =>
    waits.all("wait", jobs, options);

  const listeners = (signal: AbortSignal): number =>
    getEventListeners(signal, "abort").length;

  test("leaves nothing on a signal that outlives it, when the jobs have ended", async () => {
    const { signal } = new AbortController();
    const waiting = wait({ signal });
    expect(listeners(signal)).toBe(1);
    for (const { id } of jobs) waiter.ended(id, ok);
    await waiting;
    expect(listeners(signal)).toBe(0);
  });

  test("has one listener on its signal, however many heed the same, and each of them is told", async () => {
    const abort = new AbortController();
    const { signal } = abort;
    const waiting = Array.from({ length: 20 }, () => wait({ signal }));
    expect(listeners(signal)).toBe(1);
    const reason = new Error("enough");
    abort.abort(reason);
    expect(await Promise.allSettled(waiting)).toEqual(
      waiting.map(() => ({ status: "rejected", reason })),
    );
    expect(listeners(signal)).toBe(0);
  });

  test("leaves nothing on a signal that outlives it, when its time is up", async () => {
    const { signal } = new AbortController();
    await expect(wait({ signal, timeout: 1 })).rejects.toThrow(
      WaitTimeoutError,
    );
    expect(listeners(signal)).toBe(0);
  });

  test("names those that had not ended when its time was up", async () => {
    const waiting = wait({ timeout: 1 });
    waiter.ended(1, ok);
    await expect(waiting).rejects.toMatchObject({ pending: [2] });
  });

  test("is over when it is aborted; what becomes of the jobs then is nothing to it", async () => {
    const controller = new AbortController();
    const waiting = wait({ signal: controller.signal });
    const reason = new Error("no longer needed");
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    waiter.ended(1, ok);
    expect(jobs[0]!.state).toBe("NEW");
  });
});

test("A program whose waits have timed out or were aborted exits by itself, though their jobs have not ended", async () => {
  const { exit, lines, errors } = run(`
    import { MyJobs } from "myjobs";
    const myjobs = await MyJobs.open({ store: ":memory:" });
    const jobs = await myjobs.scheduleMany(() => 1, [{}, {}]);
    const { name } = await jobs[0].wait({ timeout: 1 }).catch((error) => error);
    const controller = new AbortController();
    const waiting = myjobs.wait(jobs, { signal: controller.signal });
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error("no longer needed"));
    const { message } = await waiting.catch((error) => error);
    console.log([name, message].join());
  `);
  expect([await exit, errors()]).toEqual([{ code: 0, signal: null }, ""]);
  expect(lines).toEqual(["WaitTimeoutError,no longer needed"]);
});
