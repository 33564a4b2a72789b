import path from "node:path";

import { describe, expect, test } from "@jest/globals";

import {
  JobFailedError,
  JobNotFoundError,
  OptionError,
  type ScheduleOptions,
  StoppedError,
  ValueError,
  WaitTimeoutError,
} from "../../src/index.js";
import { Gate, spins, ungated } from "../support/gate.js";
import { open, reopen, temporaryFolder } from "../support/instance.js";
import { until } from "../support/until.js";

function addition({ a, b }: { a: number; b: number }): number {
  return a + b;
}

function nothing(): void {
  // takes no time
}

function forever(): Promise<never> {
  return new Promise(() => setInterval(() => undefined, 1_000));
}

function fail({ message }: { message: string }): never {
  throw new Error(message);
}

describe("scheduling", () => {
  test("stores a job that stays NEW until there is a worker", async () => {
    const myjobs = await open();
    const job = await myjobs.schedule(
      addition,
      { a: 1, b: 2 },
      { name: "sum", category: "math", timeout: 500 },
    );
    expect(job).toMatchObject({
      id: 1,
      name: "sum",
      category: "math",
      state: "NEW",
      timeout: 500,
      kwargs: { a: 1, b: 2 },
      attempt: 0,
      timeStart: null,
      timeStop: null,
      die: true,
      dependencies: [],
      maxAttempts: 1,
      worker: null,
    });
    expect((await myjobs.jobs.get(1)).toJSON()).toEqual(job.toJSON());
    await myjobs.workersSubprocessStart();
    expect((await job.wait()).result).toBe(3);
  });

  test("names a job after its id unless told otherwise", async () => {
    const myjobs = await open();
    expect((await myjobs.schedule(nothing)).name).toBe("j1");
  });

  test("stores many jobs in one step, or none of them", async () => {
    const myjobs = await open();
    const jobs = await myjobs.scheduleMany(addition, [
      { a: 1, b: 1 },
      { a: 2, b: 2 },
    ]);
    expect(jobs.map(({ id }) => id)).toEqual([1, 2]);
    await expect(
      myjobs.scheduleMany(addition, [
        { a: 1, b: 1 },
        { a: NaN, b: 2 },
      ]),
    ).rejects.toMatchObject({ name: "ValueError", path: "kwargsList[1].a" });
    await expect(
      myjobs.scheduleMany(addition, [{ a: 1, b: 1 }], { dependencies: [99] }),
    ).rejects.toMatchObject({
      name: "JobNotFoundError",
      id: 99,
      message: "there is no job 99 to depend on",
    });
    expect(await myjobs.jobs.count()).toBe(2);
    expect(await myjobs.scheduleMany(addition, [])).toEqual([]);
  });

  test("shares one action row among equal functions", async () => {
    const myjobs = await open();
    const one = await myjobs.schedule(addition, { a: 1, b: 1 });
    const two = await myjobs.schedule(addition, { a: 2, b: 2 });
    expect(two.actionId).toBe(one.actionId);
    const [action, ...others] = await myjobs.actions.find({
      methodname: "addition",
    });
    expect(others).toEqual([]);
    expect(action).toEqual(await myjobs.actions.get(one.actionId));
    expect(action!.actorname).toMatch(/jobs\.test\.ts$/);
  });

  test("refuses kwargs that JSON cannot carry, and stores nothing", async () => {
    const myjobs = await open();
    const bad = { a: 1, b: new Map() as never };
    await expect(myjobs.schedule(addition, bad)).rejects.toThrow(ValueError);
    await expect(myjobs.schedule(addition, bad)).rejects.toThrow(/kwargs\.b/);
    for (const none of [5, [1], new Date(0), { toJSON: () => [1] }, null])
      await expect(
        myjobs.schedule(addition, none as never),
      ).rejects.toMatchObject({ name: "OptionError", option: "kwargs" });
    expect(await myjobs.jobs.count()).toBe(0);
  });

  test("refuses a function that uses what is around it, by name and place", async () => {
    const myjobs = await open();
    const outer = 5;
    await expect(myjobs.schedule(() => outer)).rejects.toMatchObject({
      name: "ActionError",
      problems: [
        {
          name: "outer",
          file: expect.stringMatching(/jobs\.test\.ts$/),
        },
      ],
    });
    expect(await myjobs.jobs.count()).toBe(0);
  });

  test.each([
    ["name", { name: 5 }],
    ["name", { name: "nul\0" }],
    ["category", { category: "x".repeat(1_001) }],
    ["timeout", { timeout: -1 }],
    ["timeout", { timeout: NaN }],
    ["dependencies", { dependencies: 1 }],
    ["dependencies[0]", { dependencies: ["1"] }],
    ["dependencies[1]", { dependencies: [1, Promise.resolve(2)] }],
    ["die", { die: "yes" }],
    ["colour", { colour: "red" }],
    ["options", 7],
    ["options", new Map([["timeout", 5]])],
    ["options", new Date(0)],
  ])(
    "refuses a bad %s with an error that names it",
    async (option, options) => {
      const myjobs = await open();
      const bad = myjobs.schedule(nothing, {}, options as never);
      await expect(bad).rejects.toMatchObject({
        name: "OptionError",
        option,
        where: "schedule",
      });
      await bad.catch((error: unknown) => {
        expect((error as Error).stack).not.toMatch(/at .*\/src\//);
      });
      expect(await myjobs.jobs.count()).toBe(0);
    },
  );

  test("takes names, categories and kwargs of any script and any quoting", async () => {
    const myjobs = await open();
    const text = "'; drop table myjobs_job; -- \" ` $(reboot) \n 漢字 🎉";
    const job = await myjobs.schedule(
      ({ text: given }: { text: string }) => given,
      { text },
      { name: text, category: text },
    );
    await myjobs.workerStart();
    expect((await job.wait()).result).toBe(text);
    expect(
      (await myjobs.jobs.find({ category: text, name: text })).map(
        ({ id }) => id,
      ),
    ).toEqual([job.id]);
  });

  test("resolves only at the job's end with wait: true", async () => {
    const myjobs = await open();
    await myjobs.workerStart();
    const job = await myjobs.schedule(addition, { a: 1, b: 2 }, { wait: true });
    expect(job.result).toBe(3);
    await expect(
      myjobs.schedule(fail, { message: "no" }, { wait: true }),
    ).rejects.toThrow(/no/);
  });

  test("resolves at the end of a job that fails and shall not reject", async () => {
    const myjobs = await open();
    await myjobs.workerStart();
    const options = { wait: true, die: false };
    const job = await myjobs.schedule(fail, { message: "no" }, options);
    expect(job).toMatchObject({ state: "ERROR", error: { message: "no" } });
  });

  test("rejects with a stack of whoever called, where the job fails whose end it waits for", async () => {
    const myjobs = await open();
    await myjobs.workerStart();
    const theCaller = async (): Promise<unknown> =>
      await myjobs.schedule(fail, { message: "no" }, { wait: true });
    const error = await theCaller().catch((cause: unknown) => cause as Error);
    expect((error as Error).stack).toMatch(/theCaller/);
  });

  test("refuses a value with a stack of whoever called, however deep it is looked into", async () => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 10; // as Node has it; Jest keeps more
    const myjobs = await open();
    const theCaller = async (): Promise<unknown> =>
      await myjobs.schedule(({ a }: { a: object }) => a, {
        a: { b: [[[{ c: [[[{ d: [[[[1, NaN]]]] }]]] }]]] },
      });
    const error = (await theCaller().catch((cause: unknown) => cause)) as Error;
    expect(Error.stackTraceLimit).toBe(10);
    Error.stackTraceLimit = stackTraceLimit;
    expect(error).toBeInstanceOf(ValueError);
    expect(error.stack).toMatch(/theCaller/);
    expect(error.stack).not.toMatch(/\/src\//);
    expect(error.stack!.split("\n").length).toBeLessThan(12);
  });

  test("gives as the cause of a failure all that is known of it", async () => {
    const myjobs = await open();
    await myjobs.workerStart();
    const given = myjobs.schedule(
      () => {
        const facts = JSON.parse('{"__proto__":{"x":1},"code":"E1"}') as object;
        throw Object.defineProperties(
          new TypeError("no"),
          Object.getOwnPropertyDescriptors(facts),
        );
      },
      {},
      { wait: true },
    );
    const { cause } = (await given.catch((error: unknown) => error)) as Error;
    expect(cause).toMatchObject({ name: "TypeError", code: "E1" });
    expect(cause).toBeInstanceOf(Error);
  });

  test("rejects a call that waits for the end when the instance stops", async () => {
    const myjobs = await open();
    const call = myjobs.schedule(addition, { a: 1, b: 2 }, { wait: true });
    const refused = expect(call).rejects.toThrow(StoppedError);
    await until("it is stored", async () => (await myjobs.jobs.count()) === 1);
    await myjobs.stop();
    await refused;
  });

  test("heeds the options of each call, however like those of the call before", async () => {
    const myjobs = await open();
    const options: ScheduleOptions = { category: "a", timeout: 5 };
    const calls = [myjobs.schedule(addition, { a: 1, b: 2 }, options)];
    calls.push(myjobs.schedule(addition, { a: 1, b: 2 }, { ...options }));
    options.category = "b";
    calls.push(myjobs.schedule(addition, { a: 1, b: 2 }, options));
    const less = { timeout: 5 };
    calls.push(myjobs.schedule(addition, { a: 1, b: 2 }, less));
    const [first, ...others] = await Promise.all(calls);
    const all = [first!, ...others];
    expect(all.map(({ category }) => category)).toEqual(["a", "a", "b", ""]);
    const before = [first!.id];
    const hanging = [
      await myjobs.schedule(addition, { a: 1, b: 2 }, { dependencies: before }),
    ];
    before.push(others[0]!.id);
    hanging.push(
      await myjobs.schedule(addition, { a: 1, b: 2 }, { dependencies: before }),
    );
    expect(hanging.map(({ dependencies }) => dependencies.length)).toEqual([
      1, 2,
    ]);
    const unknown = { tiemout: undefined } as unknown as ScheduleOptions;
    const known = { timeout: undefined } as unknown as ScheduleOptions;
    await myjobs.schedule(addition, { a: 1, b: 2 }, known);
    await expect(
      myjobs.schedule(addition, { a: 1, b: 2 }, unknown),
    ).rejects.toThrow(/tiemout/);
    for (const wrong of [[], null, "", 0, () => undefined])
      await expect(
        myjobs.schedule(
          addition,
          { a: 1, b: 2 },
          wrong as unknown as ScheduleOptions,
        ),
      ).rejects.toThrow(OptionError);
    class Inherited {
      readonly #category = "c";
      get category(): string {
        return this.#category;
      }
    }
    const categories: string[] = [];
    for (const one of [{}, new Inherited(), {}, Object.create({ die: false })])
      categories.push(
        (
          await myjobs.schedule(
            addition,
            { a: 1, b: 2 },
            one as ScheduleOptions,
          )
        ).category,
      );
    expect(categories).toEqual(["", "c", "", ""]);
    const last = await myjobs.jobs.find({ after: others.at(-1)!.id });
    expect(last.at(-1)).toMatchObject({ die: false });
  });
});

describe("waiting", () => {
  test.each(["before it has ended", "after it has ended"])(
    "for one job %s rejects with a stack of whoever waits",
    async (when) => {
      const myjobs = await open();
      const bad = await myjobs.schedule(fail, { message: "boom" });
      if (when.startsWith("after")) {
        await myjobs.workerStart();
        await bad.wait({ die: false });
      }
      const waiting = bad.wait().catch((error: unknown) => error);
      if (when.startsWith("before")) await myjobs.workerStart();
      const failure = await waiting;
      expect(failure).toMatchObject({ name: "JobFailedError", job: bad });
      expect((failure as Error).stack).toMatch(/at .*jobs\.test\.ts:\d+/);
      expect((failure as Error).stack).not.toMatch(/\/src\//);
    },
  );

  test("rejects with the job that failed first in time, unless told not to die", async () => {
    const myjobs = await open();
    const slow = await myjobs.schedule(forever);
    const bad = await myjobs.schedule(fail, { message: "boom" });
    await myjobs.workersSubprocessStart({ nrFixed: 2 });
    const failure = await myjobs
      .wait([slow, bad])
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(JobFailedError);
    expect(failure).toMatchObject({
      job: bad,
      errorCat: "ERROR",
      cause: { message: "boom" },
    });
    expect((failure as Error).stack).toMatch(/at .*jobs\.test\.ts:\d+/);
    expect((failure as Error).stack).not.toMatch(/\/src\//);
    expect(await bad.wait({ die: false })).toBe(bad);
    await slow.cancel();
  });

  test("heeds what the job was scheduled with where the wait says nothing", async () => {
    const myjobs = await open();
    await myjobs.workerStart();
    const job = await myjobs.schedule(fail, { message: "x" }, { die: false });
    expect((await job.wait()).state).toBe("ERROR");
    await expect(job.wait({ die: true })).rejects.toThrow(JobFailedError);
  });

  test("gives jobs in the order asked, handles refreshed in place, ids as new handles", async () => {
    const myjobs = await open();
    await myjobs.workerStart();
    const [one, two] = await myjobs.scheduleMany(addition, [
      { a: 1, b: 0 },
      { a: 2, b: 0 },
    ]);
    const waited = await myjobs.wait([two!, one!.id]);
    expect(waited[0]).toBe(two);
    expect(waited.map(({ result }) => result)).toEqual([2, 1]);
    expect(one!.state).toBe("NEW");
    expect((await one!.load()).state).toBe("OK");
  });

  test("without jobs waits for all that this instance has scheduled", async () => {
    const myjobs = await open();
    await myjobs.scheduleMany(
      addition,
      Array.from({ length: 50 }, (_, a) => ({ a, b: 1 })),
    );
    await myjobs.workersSubprocessStart();
    expect((await myjobs.wait()).map(({ result }) => result)).toHaveLength(50);
    expect(await myjobs.wait()).toEqual([]);
  });

  test("gives results, with undefined in the place of a failed one when not dying", async () => {
    const myjobs = await open();
    await myjobs.workerStart();
    const good = await myjobs.schedule(addition, { a: 1, b: 1 });
    const bad = await myjobs.schedule(fail, { message: "x" });
    expect(
      await myjobs.results<unknown>([good, bad, good], { die: false }),
    ).toEqual([2, undefined, 2]);
    await expect(myjobs.results<unknown>([good, bad])).rejects.toThrow(
      JobFailedError,
    );
  });

  test("gives up at its timeout, naming what has not ended, and the jobs go on", async () => {
    const myjobs = await open();
    const job = await myjobs.schedule(addition, { a: 1, b: 1 });
    const failure = await job
      .wait({ timeout: 20 })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WaitTimeoutError);
    expect(failure).toMatchObject({ timeout: 20, pending: [job.id] });
    await myjobs.workerStart();
    expect((await job.wait()).result).toBe(2);
  });

  test("ends with the reason of its signal", async () => {
    const myjobs = await open();
    const job = await myjobs.schedule(nothing);
    const stop = new AbortController();
    const waiting = job.wait({ signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(job.wait({ signal: stop.signal })).rejects.toThrow("enough");
  });

  test("rejects when the job is deleted, or the id is unknown", async () => {
    const myjobs = await open();
    const job = await myjobs.schedule(nothing);
    const waiting = job.wait();
    expect(await myjobs.jobs.delete({ id: job.id })).toBe(1);
    await expect(waiting).rejects.toThrow(JobNotFoundError);
    await expect(job.load()).rejects.toThrow(JobNotFoundError);
    await expect(myjobs.wait([job.id])).rejects.toMatchObject({ id: job.id });
    await expect(myjobs.wait(["x" as never])).rejects.toThrow(OptionError);
  });

  test("rejects with StoppedError when the instance stops", async () => {
    const myjobs = await open();
    const job = await myjobs.schedule(nothing);
    const waiting = job.wait();
    const stopping = myjobs.stop();
    await expect(waiting).rejects.toThrow(StoppedError);
    await stopping;
  });

  test("hears of ends that another instance on the same store brings about", async () => {
    const store = path.join(temporaryFolder(), "shared.db");
    const mine = await reopen({ store });
    const theirs = await reopen({ store });
    const job = await mine.schedule(addition, { a: 2, b: 3 });
    const found = await theirs.jobs.get(job.id);
    await theirs.workerStart();
    expect((await job.wait()).result).toBe(5);
    expect((await found.wait()).result).toBe(5);
  });

  test("carries large results and many waits", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart();
    const job = await myjobs.schedule(() => "é".repeat(1_000_000));
    const waits = Array.from({ length: 100 }, () => job.wait());
    await Promise.all(waits);
    expect(job.result).toHaveLength(1_000_000);
  });
});

describe("cancelling", () => {
  test("ends a waiting job HALTED at once, with all that depend on it", async () => {
    const myjobs = await open();
    const job = await myjobs.schedule(nothing);
    const next = await myjobs.schedule(nothing, {}, { dependencies: [job] });
    const waiting = next.wait({ die: false });
    expect(await job.cancel()).toBe(true);
    expect(job).toMatchObject({
      state: "ERROR",
      errorCat: "HALTED",
      attempt: 0,
    });
    await waiting;
    expect(next.error).toMatchObject({ dependencyFailure: job.id });
    expect(await job.cancel()).toBe(false);
  });

  test("is false for a job that has ended", async () => {
    const myjobs = await open();
    await myjobs.workerStart();
    const job = await myjobs.schedule(addition, { a: 1, b: 1 });
    await job.wait();
    expect(await job.cancel()).toBe(false);
    expect(job.state).toBe("OK");
  });

  test("takes jobs back that lie behind others in a child, without a kill", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    await Promise.all(
      (
        await myjobs.scheduleMany(
          addition,
          Array.from({ length: 200 }, () => ({ a: 1, b: 1 })),
        )
      ).map((job) => job.wait()),
    );
    const { pid } = [...myjobs.workers.values()][0]!;
    const gate = new Gate();
    const list = [gate.kwargs, ungated, ungated];
    const jobs = await myjobs.scheduleMany(spins, list);
    await gate.reached();
    expect(await jobs[2]!.cancel()).toBe(true);
    gate.open();
    await myjobs.wait(jobs.slice(0, 2));
    expect([...myjobs.workers.values()][0]!.pid).toBe(pid);
  });
});

describe("jobs of the store", () => {
  test("are found, counted and deleted by what they are like", async () => {
    const myjobs = await open();
    await myjobs.scheduleMany(nothing, [{}, {}, {}], { category: "a" });
    await myjobs.scheduleMany(nothing, [{}, {}], {
      category: "b",
      name: "special",
    });
    expect(await myjobs.jobs.count({ category: ["a", "b"] })).toBe(5);
    expect(
      (await myjobs.jobs.find({ after: 1, limit: 2 })).map(({ id }) => id),
    ).toEqual([2, 3]);
    expect(
      (await myjobs.jobs.find({ name: "special" })).map(({ id }) => id),
    ).toEqual([4, 5]);
    expect(await myjobs.jobs.count({ state: "OK" })).toBe(0);
    expect(await myjobs.jobs.delete({ category: "a" })).toBe(3);
    expect((await myjobs.schedule(nothing)).id).toBe(6);
  });

  test.each([
    ["jobs.find", { state: "GONE" }, "state"],
    ["jobs.find", { limit: 0 }, "limit"],
    ["jobs.count", { limit: 5 }, "limit"],
    ["jobs.delete", { id: "1" }, "id"],
    ["jobs.find", { where: "1=1" }, "where"],
  ])("%s refuses the filter %j", async (where, filter, option) => {
    const myjobs = await open();
    const call = where.split(".")[1] as "find";
    await expect(myjobs.jobs[call](filter as never)).rejects.toMatchObject({
      name: "OptionError",
      where,
      option,
    });
  });

  test("become DONE when their result has been collected", async () => {
    const myjobs = await open();
    const job = await myjobs.schedule(addition, { a: 1, b: 1 });
    expect(await job.done()).toBe(false);
    await myjobs.workerStart();
    await job.wait();
    expect(await job.done()).toBe(true);
    expect(job).toMatchObject({ state: "DONE", result: 2 });
  });

  test("are run in the order of a diamond, results reaching the tip", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart({ nrFixed: 2 });
    const root = await myjobs.schedule(addition, { a: 1, b: 1 });
    const sum = (
      _: object,
      { dependencies }: { dependencies: readonly unknown[] },
    ): number => (dependencies as number[]).reduce((a, b) => a + b, 1);
    const left = await myjobs.schedule(sum, {}, { dependencies: [root] });
    const right = await myjobs.schedule(
      sum,
      {},
      { dependencies: [root, root] },
    );
    const tip = await myjobs.schedule(sum, {}, { dependencies: [left, right] });
    expect((await tip.wait()).result).toBe(9);
    const late = await myjobs.schedule(sum, {}, { dependencies: [tip] });
    expect((await late.wait()).result).toBe(10);
  });

  test("are drained when nothing runs and nothing that could run waits", async () => {
    const myjobs = await open();
    const jobs = await myjobs.scheduleMany(nothing, [{}, {}, {}]);
    const last = await myjobs.schedule(nothing, {}, { dependencies: jobs });
    await myjobs.workersSubprocessStart();
    await myjobs.drain();
    expect((await last.load()).state).toBe("OK");
  });
});
