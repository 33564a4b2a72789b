import path from "node:path";

import { describe, expect, test } from "@jest/globals";

import type { MyJobs, Worker } from "../../src/index.js";
import { isStopped } from "../../src/processes.js";
import { type Command, Place } from "../cli/command.js";
import { open, reopen, temporaryFolder } from "../support/instance.js";
import { run } from "../support/program.js";
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

/** Another process with a pool of one worker. */
const host = `
  import { MyJobs } from "myjobs";
  const myjobs = await MyJobs.open({ store: process.argv[2] });
  await myjobs.workersSubprocessStart({ nrFixed: 1 });
  console.log([...myjobs.workers.values()][0].pid);
  process.on("SIGTERM", () => myjobs.stop());
`;

/** Stops a host with a signal, at a moment at which it does not hold the store's lock: else nobody could do a thing. */
async function freeze(myjobs: MyJobs, pid: number): Promise<void> {
  await until("it has stopped, and the store is free", async () => {
    process.kill(pid, "SIGSTOP");
    const store = { free: false };
    const asking = myjobs.workersFind({ state: "WAITING" }).then((workers) => {
      store.free = workers.length === 1;
    });
    const begun = performance.now();
    await until(
      "the store answers, or not",
      () => store.free || performance.now() - begun > 300,
    );
    if (!store.free) process.kill(pid, "SIGCONT");
    await asking;
    return store.free && isStopped(pid);
  });
}

/**
 * A worker in a window of the user's own making, which this instance has adopted: tmux itself continues
 * what is stopped in a window of its, so this one is in none.
 */
async function adopted(): Promise<{
  myjobs: MyJobs;
  command: Command;
  worker: Worker;
}> {
  const place = new Place();
  place.env.TMUX = "/tmp/elsewhere,1,0";
  const myjobs = await reopen({ store: place.path("jobs.db") });
  const command = place.start("worker", "--store", "jobs.db", "--nr", "5");
  await until("it serves", () => command.stderr().includes("serving"));
  const worker = await myjobs.workerTmuxStart({ nr: 5 });
  return { myjobs, command, worker };
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
    const job = await myjobs.schedule(nap, { ms: 60_000 }, { timeout: 1_500 });
    await until(
      "the job runs",
      async () => (await job.load()).state === "RUNNING",
    );
    const { pid } = only(myjobs);
    process.kill(pid, "SIGSTOP");
    expect(await myjobs.workersCheck()).toMatchObject({ count: 1, errors: [] });
    expect(only(myjobs).pid).toBe(pid);
    await job.wait({ die: false });
    expect(job.errorCat).toBe("TIMEOUT");
    expect(isAlive(pid)).toBe(false);
  });

  test("finds the resting workers of a host that a signal has stopped; woken, it replaces them", async () => {
    const store = storeFile();
    const myjobs = await reopen({ store });
    const { child, lines, exit, errors: output } = run(host, [store]);
    await until(`the other host serves ${output()}`, () => lines.length > 0);
    await freeze(myjobs, child.pid!);
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
        (await myjobs.workersFind({ state: "WAITING" }))[0]?.pid !== undefined,
    );
    await until("the first is gone", () => !isAlive(Number(lines[0])));
    expect((await myjobs.workersCheck()).count).toBe(1);
    const job = await myjobs.schedule(nap, { ms: 1 });
    expect((await job.wait()).attempt).toBe(1);
    child.kill("SIGTERM");
    await exit;
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
    const { myjobs, command, worker } = await adopted();
    await freeze(myjobs, command.child.pid!);
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
    await until("it is replaced", () => {
      const worker = myjobs.workers.get(1);
      return worker?.state === "WAITING" && worker.pid !== pid;
    });
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

  test.each([
    ["rests", undefined],
    ["is over its job's limit", { timeout: 200 }],
  ])(
    "opens a window in place of one that %s and whose program a signal has stopped, by itself",
    async (_, limits) => {
      const { myjobs, command, worker } = await adopted();
      const job = limits && (await myjobs.schedule(nap, { ms: 100 }, limits));
      if (job !== undefined)
        await until(
          "the job runs",
          async () => (await job.load()).state === "RUNNING",
        );
      if (job === undefined) await freeze(myjobs, command.child.pid!);
      else command.child.kill("SIGSTOP");
      await until("it is replaced", () => {
        const now = myjobs.workers.get(5);
        return now?.state === "WAITING" && now.pid !== worker.pid;
      });
      await command.ended;
      if (job !== undefined)
        expect(await job.wait()).toMatchObject({ state: "OK", attempt: 2 });
    },
  );

  test("of a window replaces the process in it that a signal has stopped", async () => {
    const myjobs = await open();
    const { pid } = await myjobs.workerTmuxStart();
    const program = programOf("w1");
    process.kill(pid, "SIGSTOP");
    await until("it is replaced", () => {
      const worker = myjobs.workers.get(1);
      return worker?.state === "WAITING" && worker.pid !== pid;
    });
    expect(programOf("w1")).toBe(program);
  });
});

ownTmuxServer();
