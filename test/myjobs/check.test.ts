import path from "node:path";

import { describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";

import type { Context, MyJobs, Worker } from "../../src/index.js";
import { isStopped } from "../../src/processes.js";
import { type Command, Place } from "../cli/command.js";
import { freeze } from "../support/freeze.js";
import { open, reopen, temporaryFolder } from "../support/instance.js";
import { type Program, run } from "../support/program.js";
import { ownTmuxServer, programOf, windows } from "../support/tmux.js";
import { isAlive, until } from "../support/until.js";

function nap({ ms }: { ms: number }): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve("rested"), ms));
}

function storeFile(): string {
  return path.join(temporaryFolder(), "jobs.db");
}

async function pooled(nrFixed = 1): Promise<MyJobs> {
  const myjobs = await open();
  await myjobs.workersSubprocessStart({ nrFixed });
  return myjobs;
}

function only(myjobs: MyJobs): Worker {
  return [...myjobs.workers.values()][0]!;
}

/** Another process with one worker, of a pool or a single one. */
const host = `
  import { MyJobs } from "myjobs";
  const myjobs = await MyJobs.open({ store: process.argv[2] });
  if (process.argv[3] === "single") await myjobs.workerSubprocessStart();
  else await myjobs.workersSubprocessStart({ nrFixed: 1 });
  myjobs.on("error", (error) => console.error(error));
  console.log([...myjobs.workers.values()][0].pid);
  process.on("SIGUSR2", async () => {
    const job = await myjobs.schedule(() => process.pid, {}, { wait: true });
    console.log(job.result);
  });
  process.on("SIGTERM", () => myjobs.stop());
`;

/**
 * A worker in a window of the user's own making, which this instance has adopted: tmux itself continues
 * what is stopped in a window of its, so this one is in none.
 */
async function adopted(): Promise<{
  store: string;
  myjobs: MyJobs;
  command: Command;
  worker: Worker;
}> {
  const place = new Place();
  place.env.TMUX = "/tmp/elsewhere,1,0";
  const store = place.path("jobs.db");
  const myjobs = await reopen({ store });
  const command = place.start("worker", "--store", "jobs.db", "--nr", "5");
  await until("it serves", () => command.stderr().includes("serving"));
  const worker = await myjobs.workerTmuxStart({ nr: 5 });
  return { store, myjobs, command, worker };
}

/** Such a process, stopped by a signal when its worker rests. */
async function stopped(
  myjobs: MyJobs,
  store: string,
  kind = "pool",
): Promise<Program> {
  const program = run(host, [store, kind]);
  const { child, lines, errors } = program;
  await until(`the other host serves ${errors()}`, () => lines.length > 0);
  await until(
    "its worker is on record",
    async () => (await myjobs.workersFind({ state: "WAITING" })).length === 1,
  );
  await freeze(child.pid!, store);
  return program;
}

/** Whether the worker of that number is another process by now, and ready. */
function isAnew(
  { workers }: MyJobs,
  { nr, pid }: Pick<Worker, "nr" | "pid">,
): boolean {
  const now = workers.get(nr);
  return now?.state === "WAITING" && now.pid !== pid;
}

describe("workersCheck()", () => {
  test("lists the workers of all kinds and processes that are well", async () => {
    const store = storeFile();
    const myjobs = await reopen({ store });
    await myjobs.workerStart();
    await myjobs.workersSubprocessStart({ nrFixed: 2 });
    await myjobs.workerTmuxStart();
    const { child, lines, exit } = run(host, [store]);
    await until("the other host serves", () => lines.length > 0);
    const busy = await myjobs.schedule(nap, { ms: 1_000 });
    const { workers, count, errors } = await myjobs.workersCheck();
    expect(workers.map(({ type }) => type).sort()).toEqual([
      "inprocess",
      "subprocess",
      "subprocess",
      "subprocess",
      "tmux",
    ]);
    expect(count).toBe(5);
    expect(errors).toEqual([]);
    await busy.wait();
    child.kill("SIGTERM");
    await exit;
  });

  test("finds an idle worker that a signal has stopped, and replaces it", async () => {
    const myjobs = await pooled();
    const frozen = only(myjobs);
    process.kill(frozen.pid, "SIGSTOP");
    const { workers, count, errors } = await myjobs.workersCheck();
    expect(errors).toMatchObject(
      [{ nr: 1, pid: frozen.pid, state: "ERROR", error: /frozen.*signal/ }].map(
        (one) => ({ ...one, error: expect.stringMatching(one.error) }),
      ),
    );
    expect(count).toBe(1);
    expect(workers[0]!.pid).not.toBe(frozen.pid);
    expect(isAlive(workers[0]!.pid)).toBe(true);
    await until("the frozen one is gone", () => !isAlive(frozen.pid));
    expect((await (await myjobs.schedule(nap, { ms: 1 })).wait()).result).toBe(
      "rested",
    );
  });

  test("leaves a busy worker to its job's limit, though it is stopped", async () => {
    const myjobs = await pooled();
    const freezing = (): Promise<void> => {
      process.kill(process.pid, "SIGSTOP");
      return new Promise((resolve) => setTimeout(resolve, 60_000));
    };
    const job = await myjobs.schedule(freezing);
    const { pid } = only(myjobs);
    await until("the job has stopped its process", () => isStopped(pid));
    expect(await myjobs.workersCheck()).toMatchObject({ count: 1, errors: [] });
    expect(only(myjobs).pid).toBe(pid);
    expect(await job.cancel()).toBe(true);
    await until("another is there", () => isAnew(myjobs, { nr: 1, pid }));
    const next = only(myjobs).pid;
    const limited = await myjobs.schedule(freezing, {}, { timeout: 500 });
    await limited.wait({ die: false });
    expect(limited.errorCat).toBe("TIMEOUT");
    expect(isAlive(next)).toBe(false);
  });

  test.each(["pool", "single"])(
    "finds the resting workers of a host that a signal has stopped; woken, it replaces them: %s",
    async (kind) => {
      const store = storeFile();
      const myjobs = await reopen({ store });
      const { child, lines, exit } = await stopped(myjobs, store, kind);
      const { count, errors } = await myjobs.workersCheck();
      expect(count).toBe(0);
      expect(errors).toMatchObject([
        {
          nr: 1,
          pid: Number(lines[0]),
          state: "ERROR",
          error: "frozen: its host does not answer",
        },
      ]);
      child.kill("SIGCONT");
      await until(
        "it has another worker",
        async () =>
          (await myjobs.workersFind({ state: "WAITING" }))[0]?.pid !==
          undefined,
      );
      await until("the first is gone", () => !isAlive(Number(lines[0])));
      expect((await myjobs.workersCheck()).count).toBe(1);
      const job = await myjobs.schedule(nap, { ms: 1 });
      expect((await job.wait()).attempt).toBe(1);
      child.kill("SIGTERM");
      await exit;
    },
  );

  test("gives up a resting worker for good: woken, its host ends it, though another has its number", async () => {
    const store = storeFile();
    const myjobs = await reopen({ store });
    const { child, lines, exit } = await stopped(myjobs, store);
    await myjobs.workersCheck();
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const { nr, pid } = only(myjobs);
    expect(nr).toBe(1);
    const kwargs = Array.from({ length: 20 }, () => ({ ms: 20 }));
    const jobs = await myjobs.scheduleMany(nap, kwargs);
    child.kill("SIGCONT");
    await until("the first is gone", () => !isAlive(Number(lines[0])));
    await until("its host has another one", async () => {
      const live = await myjobs.workersFind({ state: ["WAITING", "BUSY"] });
      return live.map((one) => one.nr).join() === "1,2";
    });
    expect((await myjobs.workersFind({ nr: 1 }))[0]?.pid).toBe(pid);
    for (const { attempt, errorCat } of await myjobs.wait(jobs))
      expect({ attempt, errorCat }).toEqual({ attempt: 1, errorCat: "NA" });
    child.kill("SIGTERM");
    await exit;
  });

  test.each(["pool", "single"])(
    "gives up a worker whose number is taken then: woken, its host has another by its next job, with nobody there to tell it: %s",
    async (kind) => {
      const store = storeFile();
      const myjobs = await reopen({ store, categories: ["others"] });
      const program = await stopped(myjobs, store, kind);
      const { child, lines, exit, errors } = program;
      await myjobs.workersCheck();
      const { nr } = await myjobs.workerStart();
      expect(nr).toBe(1);
      child.kill("SIGCONT");
      child.kill("SIGUSR2");
      await until("its job has run", () => lines.length > 1);
      expect(lines[1]).not.toBe(lines[0]);
      child.kill("SIGTERM");
      await exit;
      expect(errors()).toBe("");
    },
  );

  test("has in its pool all that serve for it, also when one that others have given up ends after its successor has come", async () => {
    const store = storeFile();
    const myjobs = await reopen({ store, nrMin: 0, nrMax: 1 });
    await myjobs.workersSubprocessStart();
    await myjobs.schedule(() => 1, {}, { wait: true });
    const sql = new Database(store);
    for (let round = 0; round < 4; round += 1) {
      sql.exec("update myjobs_worker set state = 'ERROR', halt = 2");
      const jobs = await myjobs.scheduleMany(() => 2, [{}, {}, {}]);
      await myjobs.wait(jobs, { timeout: 30_000 });
      await until("the pool and its records agree", async () => {
        const live = await myjobs.workersFind({ state: "WAITING" });
        const own = [...myjobs.workers.values()];
        const pids = own.map(({ pid }) => pid).join();
        return own.length === 1 && live.map(({ pid }) => pid).join() === pids;
      });
    }
    sql.close();
  });

  test("finds the workers of a host that has died", async () => {
    const store = storeFile();
    const myjobs = await reopen({ store });
    const { child, lines, exit } = run(host, [store]);
    await until("the other host serves", () => lines.length > 0);
    child.kill("SIGKILL");
    await exit;
    const { count, errors } = await myjobs.workersCheck();
    expect(count).toBe(0);
    expect(errors).toMatchObject([
      { nr: 1, state: "ERROR", error: "its host process died" },
    ]);
    await until("its child is gone", () => !isAlive(Number(lines[0])));
  });

  test("opens a window in place of one whose program a signal has stopped", async () => {
    const { store, myjobs, command, worker } = await adopted();
    await freeze(command.child.pid!, store);
    const { workers } = await myjobs.workersCheck();
    expect(workers).toMatchObject([{ nr: 5, type: "tmux", state: "WAITING" }]);
    expect(workers[0]!.pid).not.toBe(worker.pid);
    expect(windows()).toEqual(["w5"]);
    await command.ended;
  });
});

describe("the watchdog", () => {
  test("replaces an idle worker that a signal has stopped, by itself", async () => {
    const myjobs = await pooled();
    const { pid } = only(myjobs);
    process.kill(pid, "SIGSTOP");
    await until("it is replaced", () => isAnew(myjobs, { nr: 1, pid }));
    expect(isAlive(pid)).toBe(false);
  });

  test("replaces an idle worker that answers no more, since an ended job left a loop in it", async () => {
    const myjobs = await pooled();
    const bomb = await myjobs.schedule(() => {
      setTimeout(() => {
        for (;;);
      }, 10);
    });
    await bomb.wait();
    const { pid } = only(myjobs);
    let told: string | null = null;
    myjobs.on("worker", ({ error }) => (told ??= error));
    await until(
      "it is replaced",
      () => ![undefined, 0, pid].includes(myjobs.workers.get(1)?.pid),
      20_000,
    );
    expect(told).toMatch(/frozen: .* not answered for 5 s/);
    expect(bomb.state).toBe("OK");
  });

  test("opens a window in place of one that rests and whose program a signal has stopped, by itself", async () => {
    const { store, myjobs, command, worker } = await adopted();
    await freeze(command.child.pid!, store);
    await until("it is replaced", () => isAnew(myjobs, worker));
    await command.ended;
  });

  test("opens one in place of one that is over its job's limit and whose program is stopped; the job runs again", async () => {
    const { store, myjobs, command, worker } = await adopted();
    const job = await myjobs.schedule(
      (_: undefined, { job: { attempt } }: Context) =>
        attempt > 1 || new Promise((resolve) => setTimeout(resolve, 60_000)),
      undefined,
      { timeout: 600_000 },
    );
    await until(
      "the job runs",
      async () => (await job.load()).state === "RUNNING",
    );
    await freeze(command.child.pid!, store);
    // Not before: it would end the job itself.
    const sql = new Database(store);
    sql.exec("update myjobs_job set time_start = time_start - 3600000");
    sql.exec("update myjobs_worker set last_update = last_update - 3600000");
    sql.close();
    await until("it is replaced", () => isAnew(myjobs, worker), 20_000);
    await command.ended;
    expect(await job.wait()).toMatchObject({ state: "OK", attempt: 2 });
  });

  test("of a window replaces the process in it that a signal has stopped", async () => {
    const myjobs = await open();
    const { pid } = await myjobs.workerTmuxStart();
    const program = programOf("w1");
    process.kill(pid, "SIGSTOP");
    await until("it is replaced", () => isAnew(myjobs, { nr: 1, pid }));
    expect(programOf("w1")).toBe(program);
  });
});

ownTmuxServer();
