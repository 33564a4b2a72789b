import path from "node:path";

import { describe, expect, test } from "@jest/globals";

import { MyJobs } from "../../src/index.js";
import { open, reopen, temporaryFolder } from "../support/instance.js";

function slowly({ ms }: { ms: number }): Promise<number> {
  return new Promise((resolve) => setTimeout(resolve, ms, ms));
}

const limits = { timeout: 30_000 };

describe("handles of one instance, given to another on the same store,", () => {
  test("are waited for, and refreshed in place", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const mine = await reopen({ store });
    const theirs = await reopen({ store });
    await mine.workerStart();
    const scheduled = await theirs.schedule(slowly, { ms: 20 });
    const found = await theirs.jobs.get(scheduled.id);
    const both = await mine.wait([scheduled, found], limits);
    expect(both[0]).toBe(scheduled);
    expect(scheduled.result).toBe(20);
    expect(found.result).toBe(20);
    const other = await theirs.schedule(slowly, { ms: 10 });
    expect(await mine.results([other], limits)).toEqual([10]);
    // The instance that they came from waits on as before.
    for (const ms of [1, 2, 3]) {
      const job = await theirs.schedule(slowly, { ms });
      expect((await job.wait(limits)).result).toBe(ms);
    }
  });

  test("are waited for also when theirs has been stopped", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const before = await reopen({ store });
    const job = await before.schedule(slowly, { ms: 5 });
    await before.stop();
    const myjobs = await reopen({ store });
    const dependant = await myjobs.schedule(
      (_: object, { dependencies }) => dependencies,
      {},
      { dependencies: [job] },
    );
    await myjobs.workerStart();
    expect(await myjobs.results([job, dependant], limits)).toEqual([5, [5]]);
  });

  test("of a job that has been deleted are told so", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const mine = await reopen({ store });
    const theirs = await reopen({ store });
    const job = await theirs.schedule(slowly, { ms: 5 });
    const waiting = mine.wait([job], limits);
    await theirs.jobs.delete({ id: job.id });
    await expect(waiting).rejects.toMatchObject({ name: "JobNotFoundError" });
  });
});

test("A job of another store is refused, by waits and as a dependency: its number may be another's here", async () => {
  const [mine, theirs] = [await open(), await open()];
  const inMemory = await open({ store: ":memory:" });
  await mine.schedule(slowly, { ms: 5 });
  for (const job of [
    await theirs.schedule(slowly, { ms: 5 }),
    await inMemory.schedule(slowly, { ms: 5 }),
  ]) {
    await expect(mine.wait([1, job])).rejects.toMatchObject({
      name: "OptionError",
      message: expect.stringMatching(
        /^wait: jobs\[1\] is .*, expected a job of this store$/,
      ),
    });
    await expect(mine.results([job])).rejects.toThrow(/^results: jobs\[0\] is/);
    await expect(
      mine.schedule(slowly, { ms: 5 }, { dependencies: [job] }),
    ).rejects.toThrow(/^schedule: dependencies\[0\] is .* of this store$/);
  }
});

test("A call that was not awaited is called that where a job is expected", async () => {
  const myjobs = await open();
  const job = myjobs.schedule(slowly, { ms: 5 });
  const expected =
    /jobs\[0\] is a Promise that was not awaited, expected a job or its id$/;
  await expect(myjobs.wait([job] as never)).rejects.toThrow(expected);
  await expect(myjobs.results([job] as never)).rejects.toThrow(expected);
  await expect(myjobs.wait(null as never)).rejects.toThrow(
    "wait: jobs is null, expected an array of jobs or ids",
  );
  await expect(myjobs.results(undefined as never)).rejects.toThrow(
    "results: jobs is undefined, expected an array of jobs or ids",
  );
  await job;
});

test("An instance that was not opened says how to open one", () => {
  const Constructor = MyJobs as unknown as new () => MyJobs;
  expect(() => new Constructor()).toThrow(
    "new MyJobs: an instance is not made so, expected await MyJobs.open(options)",
  );
});

describe("what has been scheduled a moment before, and is not stored yet,", () => {
  const kinds: [string, (myjobs: MyJobs) => Promise<unknown>][] = [
    ["a job", (myjobs) => myjobs.schedule(slowly, { ms: 50 })],
    ["a list", (myjobs) => myjobs.scheduleMany(slowly, [{ ms: 50 }])],
    [
      "a job of a new function",
      (myjobs) =>
        myjobs.schedule(
          ({ ms }: { ms: number }) =>
            new Promise((resolve) => setTimeout(resolve, ms, "new")),
          { ms: 50 },
        ),
    ],
  ];

  test.each(kinds)(
    "is waited for by drain() and wait(): %s",
    async (_, way) => {
      const myjobs = await open();
      await myjobs.workerStart();
      await myjobs.schedule(slowly, { ms: 0 }, { wait: true });
      const drained = way(myjobs);
      await myjobs.drain();
      await drained;
      expect(await myjobs.jobs.count({ state: ["NEW", "RUNNING"] })).toBe(0);
      const waited = way(myjobs);
      const jobs = await myjobs.wait();
      await waited;
      expect(jobs).toHaveLength(1);
    },
  );
});

test("wait() without jobs is not about those of others that somebody here has asked about", async () => {
  const store = path.join(temporaryFolder(), "jobs.db");
  const [mine, theirs] = [await reopen({ store }), await reopen({ store })];
  const job = await mine.jobs.get(
    (await theirs.schedule(slowly, { ms: 1 })).id,
  );
  await expect(job.wait({ timeout: 1 })).rejects.toThrow("1 job");
  expect(await mine.wait(undefined, limits)).toEqual([]);
});

test("Jobs that end as they are scheduled, very many of them, are told with their ends", async () => {
  const myjobs = await open();
  const failing = await myjobs.schedule(() => {
    throw new Error("no");
  });
  await myjobs.workerStart({ onetime: true });
  const list = Array.from({ length: 1_200 }, (_, ms) => ({ ms }));
  const jobs = await myjobs.scheduleMany(slowly, list, {
    dependencies: [failing],
  });
  expect(jobs.every(({ errorCat }) => errorCat === "HALTED")).toBe(true);
  expect(await myjobs.wait(jobs, { die: false, ...limits })).toEqual(jobs);
});

test("The bounds of an instance that has been stopped are not to be set", async () => {
  const myjobs = await open();
  await myjobs.stop();
  expect(() => (myjobs.nrMin = 2)).toThrow(
    "nrMin: this MyJobs has been stopped",
  );
  expect(() => (myjobs.nrMax = 9)).toThrow(
    "nrMax: this MyJobs has been stopped",
  );
});
