import { type appendFileSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";

import { WorkerError } from "../../src/index.js";
import { Gate, waits } from "../support/gate.js";
import { open, reopen, temporaryFolder } from "../support/instance.js";
import { until } from "../support/until.js";

function wait({ ms }: { ms: number }): Promise<number> {
  return new Promise((resolve) => setTimeout(resolve, ms, ms));
}

describe("when things happen at once", () => {
  test("a claim that is under way at stop() gives its jobs back, but for the one that its worker has by then", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const rounds: string[] = [];
    const [none, one, all] = ["NEW NEW NEW", "OK NEW NEW", "OK OK OK"];
    // Each instance must read the action anew, and is stopped at another moment of that.
    for (let turns = 0; turns < 12; turns += 1) {
      const myjobs = await reopen({ store, concurrency: 3 });
      const other = await reopen({ store });
      const now = { ms: 0 };
      await other.scheduleMany(wait, [now, now, now]);
      void myjobs.workerStart();
      for (let turn = 0; turn < turns; turn += 1)
        await new Promise((resolve) => setImmediate(resolve));
      await myjobs.stop();
      const jobs = await other.jobs.find();
      for (const { state, attempt } of jobs)
        expect(attempt).toBe(state === "NEW" ? 0 : 1);
      rounds.push(jobs.map(({ state }) => state).join(" "));
      await other.jobs.delete({});
      await other.stop();
    }
    for (const round of rounds) expect([none, one, all]).toContain(round);
    expect(rounds).toContain(one);
  });

  test("a job cancelled by another instance while its own one stops ends HALTED", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const running = await reopen({ store });
    const other = await reopen({ store });
    await running.workersSubprocessStart({ nrFixed: 1 });
    const job = await other.schedule(wait, { ms: 60_000 });
    await until("it runs", async () => (await job.load()).state === "RUNNING");
    const stopping = running.stop({ timeout: 500 });
    expect(await job.cancel()).toBe(true);
    await stopping;
    expect(job).toMatchObject({ state: "ERROR", errorCat: "HALTED" });
  });

  test("a worker killed by another instance ends its job HALTED", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const running = await reopen({ store });
    const other = await reopen({ store });
    await running.workersSubprocessStart({ nrFixed: 1 });
    const job = await other.schedule(wait, { ms: 60_000 });
    await until("it runs", async () => (await job.load()).state === "RUNNING");
    const [worker] = await other.workersFind({ state: "BUSY" });
    await worker!.kill();
    expect(worker!.state).toBe("HALTED");
    await job.wait({ die: false });
    expect(job).toMatchObject({ state: "ERROR", errorCat: "HALTED" });
    await until("there is another", () =>
      [...running.workers.values()].some(({ state }) => state === "WAITING"),
    );
  });

  test("calls of schedule store their jobs in order, though the first waits for its module", async () => {
    const myjobs = await open();
    const action = { module: "../support/actions.js", method: "greet" };
    const first = Array.from({ length: 50 }, (_, nr) =>
      myjobs.schedule(action, { name: String(nr) }),
    );
    // Some turns later, when it may or may not be known already.
    const later: typeof first = [];
    for (let turn = 0; turn < 50; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      later.push(myjobs.schedule(action, { name: String(50 + turn) }));
    }
    const jobs = await Promise.all([...first, ...later]);
    expect(jobs.map(({ id }) => id)).toEqual(jobs.map((_, index) => index + 1));
  });

  test("calls of all kinds store their jobs in order, with a function that is known", async () => {
    const myjobs = await open();
    const known = await myjobs.schedule(wait, { ms: 0 });
    const one = { ms: 1 };
    const dependencies = [known];
    const jobs = await Promise.all([
      myjobs.scheduleMany(wait, [one, one]),
      myjobs.schedule(wait, one),
      myjobs.schedule(wait, one, { dependencies }),
      myjobs.schedule(wait, one),
      myjobs.scheduleMany(wait, [one]),
    ]);
    expect(jobs.flat().map(({ id }) => id)).toEqual([2, 3, 4, 5, 6, 7]);
  });

  test("calls of schedule store their jobs in order, though the first brings a new function", async () => {
    const myjobs = await open();
    const known = (): number => 1;
    await myjobs.schedule(known);
    const [a, b, [c], d, e] = await Promise.all([
      myjobs.schedule(() => 2),
      myjobs.schedule(known),
      myjobs.scheduleMany(known, [{}]),
      myjobs.schedule(() => 3),
      myjobs.schedule(known),
    ]);
    const ids = [a, b, c!, d, e].map(({ id }) => id);
    expect(ids).toEqual([2, 3, 4, 5, 6]);
  });

  test("a new function that cannot be stored holds up none behind it", async () => {
    const myjobs = await open();
    const outer = 1;
    const refused = myjobs.schedule({ module: "./no-such.js", method: "x" });
    const behind = myjobs.schedule(() => 1);
    await expect(refused).rejects.toThrow("no-such");
    expect((await behind).id).toBe(outer);
  });

  test("a later stop that is less patient ends a patient one", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart();
    const job = await myjobs.schedule(wait, { ms: 600_000 });
    await until("it runs", async () => (await job.load()).state === "RUNNING");
    const patient = myjobs.stop({ timeout: 600_000 });
    await myjobs.stop({ graceful: false });
    await patient;
  });

  test("a child that an ended job has left in a busy loop is killed when it shall leave", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const job = await myjobs.schedule(() => {
      setTimeout(() => {
        for (;;);
      });
    });
    await job.wait();
    await [...myjobs.workers.values()][0]!.halt();
  });

  test("a pool that cannot start leaves the in-process workers alone", async () => {
    const myjobs = await open({ workerExecArgv: ["--no-such-flag"] });
    const worker = await myjobs.workerStart();
    const gate = new Gate();
    const job = await myjobs.schedule(waits, gate.kwargs);
    await gate.reached();
    await expect(myjobs.workersSubprocessStart()).rejects.toThrow(WorkerError);
    expect((await worker.load()).state).toBe("BUSY");
    gate.open();
    expect(await job.wait()).toMatchObject({ result: "passed", attempt: 1 });
  });

  test("starting the pool again with more resolves when those are ready, too", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart({ nrMin: 1 });
    await myjobs.workersSubprocessStart({ nrMin: 3 });
    expect([...myjobs.workers.values()].map(({ state }) => state)).toEqual([
      "WAITING",
      "WAITING",
      "WAITING",
    ]);
  });

  test("a wait hears of its job though a thousand others do not end", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const mine = await reopen({ store });
    const theirs = await reopen({ store, categories: ["theirs"] });
    const stuck = await mine.scheduleMany(
      wait,
      Array.from({ length: 1_500 }, () => ({ ms: 0 })),
    );
    const all = mine.wait(stuck).catch((error: unknown) => error);
    const job = await mine.schedule(wait, { ms: 1 }, { category: "theirs" });
    await theirs.workerStart();
    expect((await job.wait()).result).toBe(1);
    await mine.stop();
    expect(await all).toMatchObject({ name: "StoppedError" });
  });

  test("jobs taken back and given again, time after time, run once each", async () => {
    const file = path.join(temporaryFolder(), "ran");
    const myjobs = await open();
    await myjobs.workersSubprocessStart({ nrFixed: 3 });
    const act = ({
      file,
      nr,
      ms,
    }: {
      file: string;
      nr: number;
      ms: number;
    }): void => {
      const fs = require("node:fs") as { appendFileSync: Append };
      fs.appendFileSync(file, `${String(nr)}\n`);
      const end = performance.now() + ms;
      while (performance.now() < end);
    };
    // Mostly short, so that many are sent ahead; now and then a slow one, behind which they are taken back.
    const kwargs = Array.from({ length: 3_000 }, (_, nr) => ({
      file,
      nr,
      ms: nr % 150 === 75 ? 30 : 0,
    }));
    const jobs = await myjobs.scheduleMany(act, kwargs);
    await myjobs.wait(jobs);
    const ran = readFileSync(file, "utf8").trim().split("\n");
    expect(ran.length).toBe(3_000);
    expect(new Set(ran).size).toBe(3_000);
    expect(jobs.every(({ attempt }) => attempt === 1)).toBe(true);
  });

  test("answers that were lost with a crash are no crash of theirs", async () => {
    const myjobs = await open();
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    await myjobs.wait(
      await myjobs.scheduleMany(
        wait,
        Array.from({ length: 50 }, () => ({ ms: 0 })),
      ),
    );
    const jobs = await myjobs.scheduleMany(
      ({ nr }: { nr: number }) => {
        if (nr === 150) process.exit(7);
        return "x".repeat(100_000);
      },
      Array.from({ length: 200 }, (_, nr) => ({ nr })),
    );
    await myjobs.wait(jobs, { die: false });
    expect(
      jobs
        .filter(({ state }) => state !== "OK")
        .map(({ errorCat, kwargs }) => ({ errorCat, kwargs })),
    ).toEqual([{ errorCat: "CRASH", kwargs: { nr: 150 } }]);
  });
});

type Append = typeof appendFileSync;
