import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";

import {
  type Context,
  type Job,
  type MyJobs,
  OptionError,
  type Scale,
  type Worker,
  WorkerError,
} from "../../src/index.js";
import { Gate, spins, ungated, waits } from "../support/gate.js";
import { open, reopen, temporaryFolder } from "../support/instance.js";
import { isAlive, until } from "../support/until.js";

function nap({ ms }: { ms: number }): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function untilStopped(_: object, { signal }: Context): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", resolve);
  });
}

const alive = (myjobs: MyJobs): number =>
  [...myjobs.workers.values()].filter(
    ({ state }) => state === "WAITING" || state === "BUSY",
  ).length;

describe("the pool", () => {
  test("grows with the queue to nrMax, and shrinks to nrMin when idle", async () => {
    const myjobs = await open({ nrMin: 1, nrMax: 4, idleTimeout: 100 });
    const scales: Scale[] = [];
    myjobs.on("scale", (scale) => scales.push(scale));
    await myjobs.workersSubprocessStart();
    expect(alive(myjobs)).toBe(1);
    const gate = new Gate();
    const list = Array.from({ length: 40 }, () => gate.kwargs);
    const jobs = await myjobs.scheduleMany(waits, list);
    await gate.reached(4);
    expect([alive(myjobs), myjobs.workers.size]).toEqual([4, 4]);
    gate.open();
    await myjobs.wait(jobs);
    await until("it has shrunk to one", () => myjobs.workers.size === 1);
    expect(scales.every(({ from, to }) => from !== to && to <= 4)).toBe(true);
    expect(scales.at(-1)).toMatchObject({ to: 1, ready: 0 });
  });

  test("starts from nothing where nrMin is 0, and goes back to nothing", async () => {
    const myjobs = await open({ nrMin: 0, nrMax: 2, idleTimeout: 50 });
    await myjobs.workersSubprocessStart();
    expect(myjobs.workers.size).toBe(0);
    await (await myjobs.schedule(nap, { ms: 1 })).wait();
    await until("nobody is left", () => myjobs.workers.size === 0);
    await (await myjobs.schedule(nap, { ms: 1 })).wait();
  });

  test("follows its bounds while it runs, and kills no busy worker for it", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart({ nrFixed: 3 });
    expect(alive(myjobs)).toBe(3);
    const gate = new Gate();
    const list = Array.from({ length: 3 }, () => gate.kwargs);
    const jobs = await myjobs.scheduleMany(waits, list);
    await gate.reached(3);
    myjobs.nrMin = 1;
    myjobs.nrMax = 1;
    const going = (): Worker[] =>
      [...myjobs.workers.values()].filter(({ halting }) => halting);
    await until("two are to go", () => going().length === 2);
    gate.open();
    await myjobs.wait(jobs);
    expect(jobs.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    await until("one is left", () => myjobs.workers.size === 1);
    myjobs.nrMax = 2;
    myjobs.nrMin = 2;
    await until("there are two", () => alive(myjobs) === 2);
  });

  test("lets those go first that are not up yet when there are to be fewer", async () => {
    const preload = path.join(temporaryFolder(), "preload.cjs");
    writeFileSync(preload, "");
    const workerExecArgv = ["--require", preload];
    const myjobs = await open({ nrMin: 1, nrMax: 1, workerExecArgv });
    await myjobs.workersSubprocessStart();
    const [first] = myjobs.workers.values();
    const gate = new Gate();
    const list = [gate.kwargs, gate.kwargs];
    const jobs = await myjobs.scheduleMany(waits, list);
    await gate.reached();
    // No other comes up before it is to go.
    writeFileSync(preload, "for (;;);");
    myjobs.nrMax = 4;
    myjobs.nrMin = 4;
    await until("some boot", () => myjobs.workers.size > 1);
    myjobs.nrMin = 1;
    myjobs.nrMax = 1;
    await until("they have gone", () => myjobs.workers.size === 1);
    expect(await first!.load()).toMatchObject({ nr: 1, halting: false });
    gate.open();
    await myjobs.wait(jobs);
    expect(jobs.map(({ worker }) => worker)).toEqual([1, 1]);
  });

  test("works on while its bounds go up and down faster than a worker boots", async () => {
    const myjobs = await open({ nrMin: 1, nrMax: 1 });
    await myjobs.workersSubprocessStart();
    const sizes: number[] = [];
    myjobs.on("scale", ({ to }) => sizes.push(to));
    const list = Array.from({ length: 100 }, () => ({ ms: 5 }));
    const jobs = await myjobs.scheduleMany(nap, list);
    const toggle = (): void => {
      const most = myjobs.nrMax === 1 ? 8 : 1;
      if (most > 1) myjobs.nrMax = most;
      myjobs.nrMin = most;
      myjobs.nrMax = most;
    };
    toggle();
    const toggling = setInterval(toggle, 15);
    try {
      await myjobs.wait(jobs, { timeout: 30_000 });
    } finally {
      clearInterval(toggling);
    }
    expect(sizes[0]).toBe(8);
    if (myjobs.nrMax > 1) toggle();
    await until("one is left", () => myjobs.workers.size === 1);
    expect(sizes.at(-1)).toBe(1);
  });

  test("refuses bounds that cross, naming both", async () => {
    const myjobs = await open({ nrMin: 2 });
    expect([myjobs.nrMin, myjobs.nrMax]).toEqual([2, 10]);
    expect(() => (myjobs.nrMax = 1)).toThrow(
      /nrMax is 1, expected at least nrMin, which is 2/,
    );
    expect(() => (myjobs.nrMin = 11)).toThrow(
      /nrMin is 11, expected at most nrMax, which is 10/,
    );
    expect(() => (myjobs.nrMin = 1.5)).toThrow(OptionError);
    await expect(
      myjobs.workersSubprocessStart({ nrMin: 4, nrMax: 3 }),
    ).rejects.toThrow(OptionError);
    await expect(open({ nrMin: 3, nrMax: 2 })).rejects.toThrow(OptionError);
  });

  test("replaces a worker that was halted or killed, up to nrMin", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    for (const end of ["halt", "kill"] as const) {
      const [worker] = [...myjobs.workers.values()];
      await worker![end]();
      expect(isAlive(worker!.pid)).toBe(false);
      await until("there is another", () => alive(myjobs) === 1);
      // A stale handle does not become its successor.
      expect((await worker!.load()).state).toBe("HALTED");
    }
  });

  test("tells of a worker why it died, also when its number has been taken again", async () => {
    const myjobs = await open({ nrMin: 1, nrMax: 1 });
    await myjobs.workersSubprocessStart();
    const [dead] = myjobs.workers.values();
    process.kill(dead!.pid, "SIGKILL");
    await until("another has its number", () => {
      const successor = myjobs.workers.get(dead!.nr);
      return successor?.state === "WAITING" && successor.pid !== dead!.pid;
    });
    await dead!.load();
    expect(dead).toMatchObject({ state: "ERROR", currentJob: null });
    expect(dead!.error).toContain("SIGKILL");
  });

  test("names in its record the job that takes long, of many that were sent ahead", async () => {
    const { myjobs, gate, jobs, slow } = await stuck();
    const [record] = await myjobs.workersFind();
    expect(record).toMatchObject({ state: "BUSY", currentJob: slow.id });
    expect(myjobs.workers.get(1)!.currentJob).toBe(slow.id);
    gate.open();
    await myjobs.wait(jobs);
  });

  test("gives back what was sent ahead behind a slow job, so that another host's idle worker can run it", async () => {
    const { myjobs, store, jobs, slow } = await stuck();
    const other = await reopen({ store });
    await other.workersSubprocessStart({ nrFixed: 1 });
    await myjobs.wait(jobs.filter((job) => job !== slow));
    expect((await slow.load()).state).toBe("RUNNING");
    const behind = jobs.filter(({ id }) => id > slow.id);
    expect(behind.map(({ worker, attempt }) => [worker, attempt])).toEqual(
      behind.map(() => [2, 1]),
    );
    await slow.cancel();
  });

  test("lets who reads its table know which job a worker has been running for a while, also when that was beside another", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const myjobs = await open({ store, concurrency: 2 });
    const sql = new Database(store, { readonly: true });
    const row = sql
      .prepare<[], unknown[]>("select state, current_job from myjobs_worker")
      .raw();
    const says = (...values: unknown[]): Promise<void> => {
      const wanted = JSON.stringify(values);
      return until(
        `its row says ${wanted}`,
        () => JSON.stringify(row.get()) === wanted,
      );
    };
    await myjobs.workerStart();
    const first = await myjobs.schedule(untilStopped);
    const second = await myjobs.schedule(untilStopped);
    await says("BUSY", first.id);
    await first.cancel();
    await says("BUSY", second.id);
    await second.cancel();
    await says("WAITING", null);
    sql.close();
  });

  test("keeps records that are true", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const gate = new Gate();
    const job = await myjobs.schedule(waits, gate.kwargs);
    await until(
      "it is recorded as busy",
      async () => (await myjobs.workersFind({ state: "BUSY" })).length === 1,
    );
    const [record] = await myjobs.workersFind();
    expect(record).toMatchObject({
      name: "w1",
      nr: 1,
      type: "subprocess",
      currentJob: job.id,
      error: null,
      debug: false,
      timeout: 3_600_000,
    });
    expect(isAlive(record!.pid)).toBe(true);
    expect(record!.timeStart).toBeInstanceOf(Date);
    expect(myjobs.workers.get(1)).toMatchObject({
      state: "BUSY",
      pid: record!.pid,
      currentJob: job.id,
    });
    gate.open();
    await job.wait();
    expect(job.worker).toBe(1);
    await until(
      "it is recorded as waiting",
      async () => (await record!.load()).state === "WAITING",
    );
    expect(record!.currentJob).toBe(null);
    await myjobs.stop();
  });

  test("rejects with the child's own words when it cannot boot, and can be started again", async () => {
    const myjobs = await open({ workerExecArgv: ["--no-such-flag"] });
    const failure = await myjobs
      .workersSubprocessStart()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkerError);
    expect((failure as WorkerError).output).toMatch(
      /bad option: --no-such-flag/,
    );
    expect(myjobs.workers.size).toBe(0);
    await expect(myjobs.workersSubprocessStart()).rejects.toThrow(WorkerError);
  });

  test("tries no more of many, and tells it once, when the first cannot boot", async () => {
    const folder = temporaryFolder();
    const preload = path.join(folder, "preload.cjs");
    const boots = path.join(folder, "boots");
    writeFileSync(
      preload,
      `require("node:fs").appendFileSync(${JSON.stringify(boots)}, "."); throw new Error("a broken preload");`,
    );
    const errors: Error[] = [];
    const myjobs = await open({ workerExecArgv: ["--require", preload] });
    myjobs.on("error", (error) => errors.push(error));
    // As many as boot at a time.
    const atOnce = Math.max(2, availableParallelism());
    await expect(
      myjobs.workersSubprocessStart({ nrFixed: 4 * atOnce }),
    ).rejects.toThrow("a broken preload");
    const tried = readFileSync(boots, "utf8").length;
    expect(tried).toBeLessThanOrEqual(atOnce);
    // Those that are tried at once may fail too far apart to be one fault.
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThanOrEqual(tried);
    for (const error of errors)
      expect(error.message).toContain("a broken preload");
  });

  test("replaces all single workers in the end, though more died at once than may boot, and could not", async () => {
    const preload = path.join(temporaryFolder(), "preload.cjs");
    writeFileSync(preload, "");
    const myjobs = await open({ workerExecArgv: ["--require", preload] });
    const nrs = [1, 2, 3, 4];
    const workers = nrs.map((nr) => myjobs.workerSubprocessStart({ nr }));
    const all = await Promise.all(workers);
    writeFileSync(preload, `throw new Error("a broken preload")`);
    const failed = new Promise((resolve) => myjobs.on("error", resolve));
    for (const { pid } of all) process.kill(pid, "SIGKILL");
    await failed;
    writeFileSync(preload, "");
    await until("all are back", () => alive(myjobs) === 4);
    expect([...myjobs.workers.keys()]).toEqual(nrs);
  });

  test("tells that no process can be started, and leaves nobody behind who never was", async () => {
    const tooBig = "x".repeat(200_000);
    const myjobs = await open({ workerEnv: { TOO_BIG: tooBig } });
    const start = (): Promise<Worker> =>
      myjobs.workerSubprocessStart({ nr: 5 });
    const refused = {
      name: "WorkerError",
      message: "a worker's process cannot be started: spawn E2BIG",
    };
    await expect(start()).rejects.toMatchObject(refused);
    expect(myjobs.workers.size).toBe(0);
    const [worker] = await myjobs.workersFind({ nr: 5 });
    expect(worker).toMatchObject({
      state: "ERROR",
      error: expect.stringMatching(/could not be started\nspawn E2BIG/),
    });
    await expect(start()).rejects.toMatchObject(refused);
    await expect(myjobs.workersSubprocessStart()).rejects.toMatchObject(
      refused,
    );
    expect(myjobs.workers.size).toBe(0);
  });

  test("heals by itself when what kept its children from booting is gone; until then it forks ever more rarely", async () => {
    const folder = temporaryFolder();
    const preload = path.join(folder, "preload.cjs");
    const boots = path.join(folder, "boots");
    const count = `require("node:fs").appendFileSync(${JSON.stringify(boots)}, ".");`;
    writeFileSync(preload, count);
    const errors: Error[] = [];
    const myjobs = await open({ workerExecArgv: ["--require", preload] });
    myjobs.on("error", (error) => errors.push(error));
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    writeFileSync(preload, `${count} throw new Error("a broken preload")`);
    const crashing = await myjobs.schedule(() => process.exit(1));
    await crashing.wait({ die: false });
    const job = await myjobs.schedule(() => "healed");
    await until("it has failed to boot", () => errors.length >= 3);
    for (const error of errors)
      expect(error).toMatchObject({
        name: "WorkerError",
        output: expect.stringContaining("a broken preload"),
      });
    // One boot that was well, and one try for each failure.
    expect(readFileSync(boots, "utf8").length).toBeLessThanOrEqual(
      errors.length + 2,
    );
    expect((await job.load()).state).toBe("NEW");
    writeFileSync(preload, count);
    // Who asks for one need not wait until the next try.
    const single = await myjobs.workerSubprocessStart();
    expect(single.state).toBe("WAITING");
    expect((await job.wait()).result).toBe("healed");
  });

  test("goes on with what works when it is to have more and one cannot boot", async () => {
    const preload = path.join(temporaryFolder(), "preload.cjs");
    writeFileSync(preload, "");
    const myjobs = await open({ workerExecArgv: ["--require", preload] });
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const gate = new Gate();
    const job = await myjobs.schedule(waits, gate.kwargs);
    await gate.reached();
    writeFileSync(preload, `throw new Error("a broken preload")`);
    await expect(myjobs.workersSubprocessStart({ nrFixed: 2 })).rejects.toThrow(
      "a broken preload",
    );
    gate.open();
    expect(await job.wait()).toMatchObject({ state: "OK", attempt: 1 });
    writeFileSync(preload, "");
    await until("the second is there", () => alive(myjobs) === 2);
  });

  test("gives the results of what ran before a job that never returns, while that one runs", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const work = ({ nr }: { nr: number }): number => {
      while (nr === 300);
      return nr;
    };
    const jobs = await myjobs.scheduleMany(
      work,
      Array.from({ length: 301 }, (_, nr) => ({ nr })),
    );
    const results = await myjobs.results(jobs.slice(0, 300), {
      timeout: 30_000,
    });
    expect(results).toEqual(Array.from({ length: 300 }, (_, nr) => nr));
    await until("the last one runs", async () => {
      await jobs[300]!.load();
      return jobs[300]!.state === "RUNNING";
    });
    expect(await jobs[300]!.cancel()).toBe(true);
  });

  test("gives children the environment with the user's changes", async () => {
    process.env.MYJOBS_INHERITED = "yes";
    process.env.MYJOBS_REMOVED = "yes";
    const myjobs = await open({
      workerEnv: { MYJOBS_ADDED: "added", MYJOBS_REMOVED: undefined },
    });
    await myjobs.workersSubprocessStart();
    const job = await myjobs.schedule(
      () => ({ ...process.env }) as Record<string, string>,
    );
    const { result } = await job.wait();
    expect(result).toMatchObject({
      MYJOBS_INHERITED: "yes",
      MYJOBS_ADDED: "added",
    });
    expect(Object.keys(result!)).not.toEqual(
      expect.arrayContaining(["MYJOBS_REMOVED"]),
    );
    expect(
      Object.keys(result!).filter((name) => /^JEST|CHANNEL/.test(name)),
    ).toEqual([]);
    delete process.env.MYJOBS_INHERITED;
    delete process.env.MYJOBS_REMOVED;
  });

  test("recycles a worker after its number of jobs, losing none", async () => {
    const myjobs = await open({ maxJobsPerWorker: 50 });
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const jobs = await myjobs.scheduleMany(
      () => process.pid,
      Array.from({ length: 405 }, () => ({})),
    );
    const pids = new Map<number, number>();
    for (const pid of await myjobs.results<number>(jobs))
      pids.set(pid, (pids.get(pid) ?? 0) + 1);
    const eight = Array.from({ length: 8 }, () => 50);
    expect([...pids.values()]).toEqual([...eight, 5]);
    expect(jobs.every(({ attempt }) => attempt === 1)).toBe(true);
  });

  test("recycles a worker that has grown too large", async () => {
    const myjobs = await open({ maxRss: 1 });
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const pids = [];
    for (let nr = 0; nr < 2; nr += 1)
      pids.push(
        (await (await myjobs.schedule(() => process.pid)).wait()).result,
      );
    expect(new Set(pids).size).toBe(2);
  });

  test("does not let a job wait behind a slow one while another worker is idle", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart({ nrFixed: 2 });
    const many = Array.from({ length: 400 }, () => ungated);
    await myjobs.wait(await myjobs.scheduleMany(spins, many));
    const gate = new Gate();
    const list = [gate.kwargs, ...many.slice(0, 50)];
    const [slow, ...quick] = await myjobs.scheduleMany(spins, list);
    await myjobs.wait(quick);
    expect((await slow!.load()).state).toBe("RUNNING");
    expect(quick.every(({ attempt }) => attempt === 1)).toBe(true);
    gate.open();
    await slow!.wait();
  });
});

/** A pool of one, whose child has been sent many jobs ahead, of which one in the middle waits at a gate. */
async function stuck(): Promise<{
  myjobs: MyJobs;
  store: string;
  gate: Gate;
  jobs: Job<string>[];
  slow: Job<string>;
}> {
  const store = path.join(temporaryFolder(), "jobs.db");
  const myjobs = await reopen({ store, killGrace: 100 });
  await myjobs.workersSubprocessStart({ nrFixed: 1 });
  const quick = Array.from({ length: 1_000 }, () => ungated);
  await myjobs.wait(await myjobs.scheduleMany(waits, quick));
  const gate = new Gate();
  const kwargs = quick.slice(0, 60);
  kwargs[30] = gate.kwargs;
  const jobs = await myjobs.scheduleMany(waits, kwargs);
  const slow = jobs[30]!;
  await until(
    "it is known that the slow one runs",
    async () =>
      (await myjobs.workersFind({ state: "BUSY" }))[0]?.currentJob === slow.id,
  );
  return { myjobs, store, gate, jobs, slow };
}
