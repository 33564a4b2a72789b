import path from "node:path";

import { describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";

import {
  type Job,
  MyJobs,
  OptionError,
  StoppedError,
  StoreError,
} from "../../src/index.js";
import { Gate, waits } from "../support/gate.js";
import { open, reopen, temporaryFolder } from "../support/instance.js";
import { run } from "../support/program.js";
import { until } from "../support/until.js";

function addition({ a, b }: { a: number; b: number }): number {
  return a + b;
}

function forever(): Promise<never> {
  return new Promise(() => setInterval(() => undefined, 1_000));
}

describe("stop", () => {
  test("lets running jobs finish, and leaves waiting ones for the next instance", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const first = await reopen({ store });
    await first.workersSubprocessStart({ nrFixed: 1 });
    const gate = new Gate();
    const job = await first.schedule(waits, gate.kwargs);
    const next = await first.schedule(addition, { a: 1, b: 1 });
    await gate.reached();
    const [worker] = first.workers.values();
    const stopping = first.stop();
    await until("it is told", async () => (await worker!.load()).halting);
    gate.open();
    await stopping;
    const second = await reopen({ store });
    expect((await second.jobs.get(job.id)).result).toBe("passed");
    const left = await second.jobs.get(next.id);
    expect(left).toMatchObject({ state: "NEW", attempt: 0 });
    await second.workerStart();
    expect((await left.wait()).result).toBe(2);
  });

  test("gives killed jobs back, as neither failure nor interruption", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    for (let nr = 1; nr <= 5; nr += 1) {
      const myjobs = await reopen({ store, killGrace: 50 });
      await myjobs.workersSubprocessStart({ nrFixed: 1 });
      if (nr === 1) await myjobs.schedule(forever);
      await until(
        "the job runs",
        async () => (await myjobs.jobs.count({ state: "RUNNING" })) === 1,
      );
      await myjobs.stop({ graceful: false });
    }
    const last = await reopen({ store });
    expect(await last.jobs.get(1)).toMatchObject({
      state: "NEW",
      attempt: 5,
      errorCat: "NA",
    });
  });

  test("ends killed jobs HALTED when they are not to run again", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const myjobs = await reopen({ store });
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const job = await myjobs.schedule(forever);
    await until(
      "the job runs",
      async () => (await job.load()).state === "RUNNING",
    );
    await myjobs.stop({ timeout: 50, requeue: false });
    expect(await (await reopen({ store })).jobs.get(job.id)).toMatchObject({
      state: "ERROR",
      errorCat: "HALTED",
    });
  });

  test("may be called twice, while starting, and at once; then everything says that it is stopped", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const myjobs = await reopen({ store });
    const [, { id }] = await Promise.all([
      myjobs.workersSubprocessStart({ nrFixed: 3 }),
      myjobs.schedule(addition, { a: 1, b: 1 }),
      myjobs.stop(),
      myjobs.stop(),
    ]);
    expect(myjobs.workers.size).toBe(0);
    // What was asked for before has been done.
    const next = await reopen({ store });
    expect((await next.jobs.get(id)).state).toBe("NEW");
    await expect(myjobs.schedule(addition, { a: 1, b: 1 })).rejects.toThrow(
      StoppedError,
    );
    await expect(myjobs.jobs.get(1)).rejects.toThrow(StoppedError);
    await expect(myjobs.jobs.count()).rejects.toThrow(StoppedError);
    await expect(myjobs.workersSubprocessStart()).rejects.toThrow(StoppedError);
    await expect(myjobs.workerStart()).rejects.toThrow(StoppedError);
    await expect(myjobs.workersFind()).rejects.toThrow(StoppedError);
    await expect(myjobs.wait([1])).rejects.toThrow(StoppedError);
    await expect(myjobs.drain()).rejects.toThrow(StoppedError);
    await expect(myjobs.reset()).rejects.toThrow(StoppedError);
  });

  test("lets the process exit by itself at once, with no child and no lock left", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const { lines, exit, errors } = run(
      `
      import { MyJobs } from "myjobs";
      const myjobs = await MyJobs.open({ store: process.argv[2] });
      await myjobs.workersSubprocessStart({ nrFixed: 2 });
      const job = await myjobs.schedule(function addition({ a, b }) { return a + b; }, { a: 1, b: 2 });
      await job.wait();
      await myjobs.stop();
      // Its own output pipes are all that may still be open: a timer or handle of ours would keep it alive.
      console.log(job.result, process.getActiveResourcesInfo().filter((kind) => kind !== "PipeWrap").join());
      `,
      [store],
    );
    expect({ ...(await exit), errors: errors() }).toEqual({
      code: 0,
      signal: null,
      errors: "",
    });
    expect(lines).toEqual(["3 "]);
  });

  test("works by await using", async () => {
    let kept: MyJobs;
    {
      await using myjobs = await open();
      kept = myjobs;
    }
    await expect(kept.drain()).rejects.toThrow(StoppedError);
  });

  test("is not needed by a process that only has a store open", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const { exit } = run(
      `import { MyJobs } from "myjobs"; await MyJobs.open({ store: process.argv[2] });`,
      [store],
    );
    expect(await exit).toEqual({ code: 0, signal: null });
    await reopen({ store });
  });
});

test("what is shown on a stdout that nobody reads any more ends no service", async () => {
  const { child, lines, errors, exit } = run(
    `
    import { MyJobs } from "myjobs";
    const myjobs = await MyJobs.open({ store: process.argv[2], show: true });
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const list = Array.from({ length: 5 }, (_, nr) => ({ nr }));
    await myjobs.wait(await myjobs.scheduleMany(async ({ nr }) => {
      console.log("number", nr);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }, list));
    console.error("all have ended");
    await myjobs.stop();
    `,
    [path.join(temporaryFolder(), "jobs.db")],
  );
  await until("something is shown", () => lines.length > 0);
  child.stdout!.destroy();
  expect(await exit).toEqual({ code: 0, signal: null });
  expect(errors()).toBe("all have ended\n");
});

test("a pool that has no workers now holds its process all the same, until it is stopped", async () => {
  const { lines, errors, exit } = run(
    `
    import { MyJobs } from "myjobs";
    const myjobs = await MyJobs.open({ store: process.argv[2], nrMin: 0 });
    await myjobs.workersSubprocessStart();
    // Which holds nothing itself.
    setTimeout(async () => {
      console.log("it is here");
      await myjobs.stop();
    }, 500).unref();
    `,
    [path.join(temporaryFolder(), "jobs.db")],
  );
  expect(await exit).toEqual({ code: 0, signal: null });
  expect({ lines, errors: errors() }).toEqual({
    lines: ["it is here"],
    errors: "",
  });
});

test("an instance in a thread that has ended is settled by the next one in its process", async () => {
  const { lines, errors, exit } = run(
    `
    import { once } from "node:events";
    import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
    import { MyJobs } from "myjobs";
    const store = isMainThread ? process.argv[2] : workerData.store;
    const open = async () => {
      const myjobs = await MyJobs.open({ store });
      await myjobs.workersSubprocessStart({ nrFixed: 1 });
      return myjobs;
    };
    if (isMainThread) {
      const load = 'import("tsx/esm/api").then(({ register }) => (register(), import(require("node:worker_threads").workerData.script)))';
      const thread = new Worker(load, { eval: true, workerData: { store, script: import.meta.url } });
      await once(thread, "message");
      await thread.terminate();
      const myjobs = await open();
      const [job] = await myjobs.wait([1], { timeout: 30_000 });
      console.log(job.state, job.attempt);
      await myjobs.stop();
    } else {
      const myjobs = await open();
      const nap = () => new Promise((resolve) => setTimeout(resolve, 1_000));
      const job = await myjobs.schedule(nap);
      while ((await job.load()).state !== "RUNNING");
      parentPort.postMessage("it runs");
    }
    `,
    [path.join(temporaryFolder(), "jobs.db")],
  );
  expect(await exit).toEqual({ code: 0, signal: null });
  expect({ lines, errors: errors() }).toEqual({ lines: ["OK 2"], errors: "" });
});

describe("reset", () => {
  test("stops the workers and deletes every record, and the instance goes on", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const job = await myjobs.schedule(forever);
    const waiting = job.wait().catch((error: unknown) => error);
    await until("it runs", async () => (await job.load()).state === "RUNNING");
    await myjobs.reset();
    expect(await waiting).toMatchObject({
      name: expect.stringMatching(/JobNotFoundError|JobFailedError/),
    });
    expect([
      await myjobs.jobs.count(),
      await myjobs.workersFind(),
      await myjobs.actions.find(),
    ]).toEqual([0, [], []]);
    await myjobs.workersSubprocessStart();
    expect(
      (await (await myjobs.schedule(addition, { a: 1, b: 2 })).wait()).result,
    ).toBe(3);
  });

  test("holds up the workers that are started meanwhile, and keeps the bounds that are set", async () => {
    const myjobs = await open({ nrMin: 1, nrMax: 2 });
    for (let round = 0; round < 8; round += 1) {
      await myjobs.workersSubprocessStart();
      const resetting = myjobs.reset();
      // Somewhere on its way.
      await new Promise((resolve) => setTimeout(resolve, 4 * round));
      const started = [
        myjobs.workersSubprocessStart(),
        myjobs.workerStart(),
        myjobs.reset(),
      ];
      myjobs.nrMax = 3 + round;
      await resetting;
      await Promise.all(started);
      await myjobs.workersSubprocessStart();
      expect(await myjobs.workersFind()).toHaveLength(myjobs.workers.size);
      expect(myjobs.nrMax).toBe(3 + round);
      const job = await myjobs.schedule(addition, { a: 1, b: round });
      expect((await job.wait({ timeout: 10_000 })).result).toBe(1 + round);
    }
  });

  test("that is overtaken by a stop refuses what waited for it", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart();
    const resetting = myjobs.reset();
    const started = myjobs.workersSubprocessStart();
    await Promise.all([
      resetting,
      expect(started).rejects.toThrow(StoppedError),
      myjobs.stop(),
    ]);
  });

  test("keeps what is scheduled after it, with its action, and deletes what was before", async () => {
    const myjobs = await open();
    const scheduled = [myjobs.schedule(addition, { a: 0, b: 0 })];
    await scheduled[0];
    let isOver = false as boolean;
    const resetting = myjobs.reset().finally(() => (isOver = true));
    do {
      const b = scheduled.length;
      scheduled.push(myjobs.schedule(addition, { a: 1, b }));
      await new Promise((resolve) => setImmediate(resolve));
    } while (!isOver);
    await resetting;
    const last = await myjobs.schedule(addition, { a: 2, b: 2 });
    const kept = await myjobs.jobs.count();
    await myjobs.workersSubprocessStart();
    expect((await last.wait()).result).toBe(4);
    const jobs = await Promise.all(scheduled);
    const ends = await Promise.allSettled(jobs.map((job) => job.wait()));
    const lost = ends.filter(({ status }) => status === "rejected");
    for (const { reason } of lost as PromiseRejectedResult[])
      expect(reason).toMatchObject({ name: "JobNotFoundError" });
    expect(lost.length).toBeGreaterThan(0);
    expect(ends.length - lost.length + 1).toBe(kept);
  });

  test("leaves no job without its action, though new functions are scheduled all the time", async () => {
    const myjobs = await open();
    const scheduled: Promise<Job<number>>[] = [];
    const make = Function as unknown as (code: string) => () => number;
    let isOver = false as boolean;
    const resetting = myjobs.reset().finally(() => (isOver = true));
    do {
      const nr = scheduled.length;
      scheduled.push(myjobs.schedule(make(`return ${String(nr)}`)));
      await new Promise((resolve) => setImmediate(resolve));
    } while (!isOver);
    await resetting;
    await myjobs.workerStart();
    const jobs = await Promise.all(scheduled);
    const ends = await Promise.allSettled(jobs.map((job) => job.wait()));
    for (const [nr, end] of ends.entries()) {
      if (end.status === "fulfilled") expect(end.value.result).toBe(nr);
      else expect(end.reason).toMatchObject({ name: "JobNotFoundError" });
    }
  });

  test("is refused while another live process shares the store", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const myjobs = await reopen({ store });
    const { child, lines, exit } = run(
      `
      import { MyJobs } from "myjobs";
      const myjobs = await MyJobs.open({ store: process.argv[2] });
      process.on("SIGTERM", () => myjobs.stop().then(() => process.exit(0)));
      setInterval(() => undefined, 1000);
      console.log("open");
      `,
      [store],
    );
    await until("the other has opened it", () => lines.length === 1);
    await expect(myjobs.reset()).rejects.toMatchObject({
      name: "StoreError",
      fault: "in-use",
    });
    child.kill();
    await exit;
    await myjobs.reset();
  });
});

describe("open", () => {
  test.each([
    ["nrMin", -1],
    ["nrMax", 0],
    ["nrMax", "4"],
    ["idleTimeout", -5],
    ["workerTimeout", Infinity],
    ["concurrency", 0],
    ["durability", "some"],
    ["store", ""],
    ["store", 42],
    ["categories", "a"],
    ["workerEnv", { A: 1 }],
    ["workerEnv", ["a"]],
    ["workerEnv", { "": "x" }],
    ["nrmin", 1],
  ])(
    "refuses a bad %s: %j, with an error that names it",
    async (option, value) => {
      await expect(MyJobs.open({ [option]: value })).rejects.toMatchObject({
        name: "OptionError",
        where: "open",
        option,
        value,
      });
    },
  );

  test("takes parts of milliseconds as whole ones", async () => {
    const myjobs = await open({
      ...{ workerTimeout: 1_500.2, killGrace: 0.5, idleTimeout: 0.5 },
    });
    const worker = await myjobs.workerStart();
    expect(worker.timeout).toBe(1_501);
    const job = await myjobs.schedule(() => 1, {}, { timeout: 99.5 });
    expect((await job.load()).timeout).toBe(100);
    expect((await job.wait({ timeout: 9_999.9 })).result).toBe(1);
  });

  test("says that there is no Postgres store yet", async () => {
    await expect(
      MyJobs.open({ store: "postgres://localhost/x" }),
    ).rejects.toThrow(StoreError);
  });

  test("works in memory, with in-process and subprocess workers", async () => {
    const myjobs = await reopen({ store: ":memory:" });
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    await myjobs.workerStart();
    const jobs = await myjobs.scheduleMany(
      addition,
      Array.from({ length: 20 }, (_, a) => ({ a, b: 1 })),
    );
    expect(await myjobs.results(jobs)).toHaveLength(20);
  });

  test("lives in a service's own Database beside its tables, which stay as they are", async () => {
    const file = path.join(temporaryFolder(), "service.db");
    const db = new Database(file);
    db.exec("create table job (id integer); insert into job values (7)");
    db.pragma("user_version = 42");
    const myjobs = await reopen({ store: db });
    await myjobs.workersSubprocessStart();
    db.exec("begin; insert into job values (8)");
    const scheduling = myjobs.schedule(addition, { a: 1, b: 2 });
    let scheduled = false;
    void scheduling.then(() => (scheduled = true));
    for (let turn = 0; turn < 20; turn += 1)
      await new Promise((resolve) => setTimeout(resolve, 1));
    expect(scheduled).toBe(false);
    db.exec("rollback");
    expect((await (await scheduling).wait()).result).toBe(3);
    await myjobs.stop();
    expect(db.open).toBe(true);
    expect(db.prepare("select id from job").pluck().all()).toEqual([7]);
    expect(db.pragma("user_version", { simple: true })).toBe(42);
    db.close();
  });
});

describe("an in-process worker", () => {
  test("takes one job with onetime, waiting for it, and resolves HALTED", async () => {
    const myjobs = await open();
    const serving = myjobs.workerStart({ onetime: true });
    const [one, two] = await myjobs.scheduleMany(addition, [
      { a: 1, b: 1 },
      { a: 2, b: 2 },
    ]);
    const worker = await serving;
    expect(worker).toMatchObject({
      type: "inprocess",
      state: "HALTED",
      pid: process.pid,
      currentJob: null,
    });
    expect((await one!.load()).result).toBe(2);
    expect((await two!.load()).state).toBe("NEW");
    expect(myjobs.workers.size).toBe(0);
  });

  test("halted while it waits for its one job resolves HALTED", async () => {
    const myjobs = await open();
    const serving = myjobs.workerStart({ onetime: true });
    await until(
      "it waits",
      async () => (await myjobs.workersFind({ state: "WAITING" })).length === 1,
    );
    const [worker] = await myjobs.workersFind();
    await worker!.halt();
    expect((await serving).state).toBe("HALTED");
  });

  test("has the number that was asked for, if it is free", async () => {
    const myjobs = await open();
    expect((await myjobs.workerStart({ nr: 7 })).name).toBe("w7");
    await expect(myjobs.workerStart({ nr: 7 })).rejects.toMatchObject({
      name: "OptionError",
      option: "nr",
    });
    expect((await myjobs.workerStart()).nr).toBe(1);
  });

  test("knows no limits when debugging, and prints a line at each start and end", async () => {
    const lines: string[] = [];
    const { log } = console;
    console.log = (line: string) => lines.push(line);
    try {
      const myjobs = await open();
      await myjobs.workerStart({ debug: true });
      const job = await myjobs.schedule(
        () =>
          new Promise<string>((resolve) =>
            setTimeout(() => resolve("slow"), 100),
          ),
        {},
        { timeout: 10 },
      );
      expect((await job.wait()).result).toBe("slow");
    } finally {
      console.log = log;
    }
    expect(lines).toEqual([
      expect.stringMatching(/w1.*job 1.*start/),
      expect.stringMatching(/w1.*job 1.*OK/),
    ]);
  });
});

describe("events", () => {
  test("tell of jobs, workers and scaling, in their order", async () => {
    const myjobs = await open();
    const seen: string[] = [];
    myjobs.on("scheduled", ({ name }) => seen.push(`scheduled ${name}`));
    myjobs.on("started", ({ name }) => seen.push(`started ${name}`));
    myjobs.on("ended", ({ name, state }) =>
      seen.push(`ended ${name} ${state}`),
    );
    myjobs.on("worker", ({ name }, state) => seen.push(`${name} ${state}`));
    const serving = myjobs.workerStart({ onetime: true });
    await myjobs.schedule(addition, { a: 1, b: 1 }, { name: "sum" });
    await serving;
    await until("the end is told", () => seen.includes("ended sum OK"));
    expect(seen.filter((one) => one.startsWith("w1"))).toEqual([
      "w1 WAITING",
      "w1 BUSY",
      "w1 WAITING",
      "w1 HALTED",
    ]);
    expect(seen.filter((one) => one.includes("sum"))).toEqual([
      "scheduled sum",
      "started sum",
      "ended sum OK",
    ]);
  });

  test("of a listener that throws do not disturb the instance", async () => {
    const { lines, exit } = run(
      `
      import { MyJobs } from "myjobs";
      process.on("uncaughtException", (error) => console.log("uncaught", error.message));
      const myjobs = await MyJobs.open({ store: ":memory:" });
      myjobs.on("scheduled", () => { throw new Error("mine"); });
      await myjobs.workerStart();
      const job = await myjobs.schedule(() => 5);
      console.log("result", (await job.wait()).result);
      await myjobs.stop();
      `,
    );
    await exit;
    expect(lines).toEqual(["uncaught mine", "result 5"]);
  });
});

test("options that are wrong are OptionErrors everywhere", async () => {
  const myjobs = await open();
  for (const bad of [
    () => myjobs.stop({ force: true } as never),
    () => myjobs.workerStart({ nr: 0 }),
    () => myjobs.workersSubprocessStart({ nrFixed: 0 }),
    () => myjobs.workersSubprocessStart({ nrFixed: 3, nrMin: 1 }),
    () => myjobs.workersSubprocessStart({ nrFixed: 3, nrMax: 9 }),
    () => myjobs.workersFind({ state: "GONE" } as never),
    () => myjobs.wait([], { timeout: -1 }),
    () => myjobs.actions.get(0),
  ]) {
    await expect(bad()).rejects.toThrow(OptionError);
  }
});
