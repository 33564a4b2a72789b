import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";

import {
  type Context,
  type Job,
  type MyJobs,
  type OpenOptions,
  StoppedError,
  TmuxError,
  type Worker,
} from "../../src/index.js";
import { Gate, type Gated, waits } from "../support/gate.js";
import { reopen, temporaryFolder } from "../support/instance.js";
import { run } from "../support/program.js";
import {
  ownTmuxServer,
  programOf,
  sessions,
  shown,
  tmux,
  windows,
} from "../support/tmux.js";
import { isAlive, until } from "../support/until.js";

function nap({ ms }: { ms: number }): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve("rested"), ms));
}

function storeFile(name = "jobs.db"): string {
  return path.join(temporaryFolder(), name);
}

const stores = new WeakMap<MyJobs, string>();

async function open(options: OpenOptions = {}): Promise<MyJobs> {
  const store = storeFile();
  const myjobs = await reopen({ store, killGrace: 100, ...options });
  stores.set(myjobs, store);
  return myjobs;
}

function storeOf(myjobs: MyJobs): string {
  return stores.get(myjobs)!;
}

/** In its process: that it is recorded as RUNNING is a moment older. */
async function begun({ id }: Job): Promise<void> {
  await until("the job runs", () =>
    windows().some((name) =>
      new RegExp(`^${name} job ${String(id)} .*start`, "m").test(shown(name)),
    ),
  );
}

async function worker(myjobs: MyJobs, nr = 1): Promise<Worker> {
  const [found] = await myjobs.workersFind({ nr });
  return found!;
}

/** It has been told to end, and may not have yet. */
async function ordered(myjobs: MyJobs, nr = 1): Promise<void> {
  await until(
    "it is told to end",
    async () => (await worker(myjobs, nr)).halting,
  );
}

describe("workers in tmux windows", () => {
  test("are windows of one detached session, named by their numbers", async () => {
    const myjobs = await open();
    const workers = await myjobs.workersTmuxStart();
    expect(windows()).toEqual(["w1", "w2", "w3", "w4"]);
    expect(sessions()).toEqual([
      expect.stringMatching(/^myjobs-jobs-[0-9a-f]{8}$/),
    ]);
    expect(tmux("list-sessions", "-F", "#{session_attached}")).toBe("0\n");
    expect(workers.map(({ name, type }) => [name, type])).toEqual(
      ["w1", "w2", "w3", "w4"].map((name) => [name, "tmux"]),
    );
    expect([...myjobs.workers.keys()]).toEqual([1, 2, 3, 4]);
    for (const { pid } of workers) expect(isAlive(pid)).toBe(true);
  });

  test("show what their jobs print, live, between a line at each start and end", async () => {
    const myjobs = await open();
    await myjobs.workerTmuxStart();
    const gate = new Gate();
    const job = await myjobs.schedule(
      async ({ gate }: Gated, context) => {
        const { existsSync } =
          context.require<typeof import("node:fs")>("node:fs");
        console.log("on stdout");
        console.error("on stderr");
        while (!existsSync(gate!))
          await new Promise((go) => setTimeout(go, 10));
        return "answer";
      },
      gate.kwargs,
      { name: "talker" },
    );
    await until("it is shown while it runs", () =>
      shown("w1").includes("stderr"),
    );
    expect((await job.load()).state).toBe("RUNNING");
    gate.open();
    await job.wait();
    await until("its end is shown", () => shown("w1").includes("OK"));
    expect(shown("w1")).toMatch(
      /w1 job 1 \(talker\) start \{"gate":".*"\}\n(on stdout\non stderr|on stderr\non stdout)\nw1 job 1 \(talker\) OK in [\d.]+ ms: "answer"/,
    );
  });

  test("show an end that the job itself did not bring about", async () => {
    const myjobs = await open();
    await myjobs.workerTmuxStart();
    const late = await myjobs.schedule(nap, { ms: 60_000 }, { timeout: 50 });
    await late.wait({ die: false });
    await until("it is shown", () =>
      shown("w1").includes(
        "w1 job 1 TIMEOUT: it ran longer than its limit of 50 ms",
      ),
    );
  });

  test("cannot be commanded by what a job is called", async () => {
    const myjobs = await open();
    await myjobs.workerTmuxStart();
    const name = "'\"$(touch owned)\n\u001b]2;renamed\u0007\u001bk?\u001b\\";
    await (await myjobs.schedule(nap, { ms: 1 }, { name })).wait();
    await until("it is shown", () => shown("w1").includes("OK"));
    expect(shown("w1")).toContain(
      String.raw`job 1 ('"$(touch owned) \x1b]2;renamed\x07`,
    );
    expect(windows()).toEqual(["w1"]);
  });

  test("have records that are true, as seen from another host", async () => {
    const myjobs = await open();
    const other = await reopen({ store: storeOf(myjobs) });
    await myjobs.workerTmuxStart({ nr: 7 });
    const gate = new Gate();
    const job = await myjobs.schedule(waits, gate.kwargs);
    await gate.reached();
    const seen = await worker(other, 7);
    expect(seen).toMatchObject({
      name: "w7",
      type: "tmux",
      state: "BUSY",
      currentJob: job.id,
    });
    expect(isAlive(seen.pid)).toBe(true);
    gate.open();
    await job.wait();
    await until(
      "it waits",
      async () => (await seen.load()).state === "WAITING",
    );
    expect(seen.currentJob).toBe(null);
    expect(job.worker).toBe(7);
    await until(
      "its keeper has seen it, too",
      () => myjobs.workers.get(7)?.state === "WAITING",
    );
  });

  test("are told of as their states change", async () => {
    const myjobs = await open();
    const states: string[] = [];
    myjobs.on("worker", ({ name }, state) => states.push(`${name} ${state}`));
    const first = await myjobs.workerTmuxStart();
    await first.halt();
    await until("its end is told", () => states.includes("w1 HALTED"));
    expect(states).toEqual(["w1 WAITING", "w1 HALTED"]);
  });

  test("work with the options, folder and environment of the one that started them", async () => {
    process.env.MYJOBS_TEST_SECRET = "'secret' $(x)\n#{y}";
    try {
      const myjobs = await open({
        categories: ["a"],
        workerEnv: { ADDED: "yes", MYJOBS_TEST_GONE: undefined },
      });
      process.env.MYJOBS_TEST_GONE = "here";
      await myjobs.workerTmuxStart();
      const args = execFileSync("ps", ["-e", "-o", "args="], {
        encoding: "utf8",
      });
      expect(args).not.toContain("secret");
      const see = (_: object): unknown => ({
        cwd: process.cwd(),
        secret: process.env.MYJOBS_TEST_SECRET,
        added: process.env.ADDED,
        gone: process.env.MYJOBS_TEST_GONE,
      });
      const other = await myjobs.schedule(see);
      const job = await myjobs.schedule(see, {}, { category: "a" });
      await job.wait();
      expect(job.result).toEqual({
        cwd: process.cwd(),
        secret: "'secret' $(x)\n#{y}",
        added: "yes",
      });
      expect((await other.load()).state).toBe("NEW");
    } finally {
      delete process.env.MYJOBS_TEST_SECRET;
      delete process.env.MYJOBS_TEST_GONE;
    }
  });

  test.each([
    "jobs #(touch owned) #{pane_id}.db",
    "'\"$(touch owned)`touch owned`\n;.db;",
    "=a:b.c~-%1 %0 ünï.db",
    "--nr",
  ])("run on a store called %j", async (name) => {
    const myjobs = await open({ store: storeFile(name) });
    await myjobs.workerTmuxStart();
    expect((await myjobs.schedule(nap, { ms: 1 })).id).toBe(1);
    expect(await myjobs.results([1])).toEqual(["rested"]);
    expect(sessions()[0]).toMatch(/^myjobs-[\w-]+$/);
  });

  test("of two stores of one name are in two sessions", async () => {
    const [one, two] = [await open(), await open()];
    await Promise.all([one.workerTmuxStart(), two.workerTmuxStart()]);
    expect(new Set(sessions()).size).toBe(2);
    expect(windows()).toEqual(["w1", "w1"]);
  });
});

describe("starting workers in windows", () => {
  test("again adopts those that run, and opens what is missing", async () => {
    const myjobs = await open();
    const two = await myjobs.workersTmuxStart({ nrWorkers: 2 });
    const other = await reopen({ store: storeOf(myjobs) });
    const three = await other.workersTmuxStart({ nrWorkers: 3 });
    expect(three.map(({ nr }) => nr)).toEqual([1, 2, 3]);
    expect(three.slice(0, 2).map(({ pid }) => pid)).toEqual(
      two.map(({ pid }) => pid),
    );
    const again = await other.workerTmuxStart({ nr: 3 });
    expect(again.pid).toBe(three[2]!.pid);
    expect(windows()).toEqual(["w1", "w2", "w3"]);
  });

  test("in two processes at once opens them once", async () => {
    const myjobs = await open();
    const other = await reopen({ store: storeOf(myjobs) });
    const [mine, theirs] = await Promise.all([
      myjobs.workersTmuxStart({ nrWorkers: 3 }),
      other.workersTmuxStart({ nrWorkers: 3 }),
    ]);
    expect(windows()).toEqual(["w1", "w2", "w3"]);
    expect(mine.map(({ pid }) => pid)).toEqual(theirs.map(({ pid }) => pid));
  });

  test("leaves numbers alone that other workers have", async () => {
    const myjobs = await open();
    await myjobs.workerStart({ nr: 2 });
    const workers = await myjobs.workersTmuxStart({ nrWorkers: 2 });
    expect(workers.map(({ nr }) => nr)).toEqual([1, 3]);
    await expect(myjobs.workerTmuxStart({ nr: 2 })).rejects.toMatchObject({
      name: "OptionError",
      option: "nr",
      value: 2,
    });
    expect((await myjobs.workerTmuxStart()).nr).toBe(4);
  });

  test("tells what the window showed if its worker cannot boot, and leaves no window", async () => {
    const myjobs = await open({ workerExecArgv: ["--no-such-flag"] });
    await expect(myjobs.workerTmuxStart()).rejects.toMatchObject({
      name: "WorkerError",
      output: expect.stringContaining("bad option: --no-such-flag"),
    });
    expect(windows()).toEqual([]);
    expect(await worker(myjobs)).toMatchObject({ state: "ERROR" });
    expect(myjobs.workers.size).toBe(0);
  });

  test("is refused where tmux is not installed, with the way to install it", async () => {
    const myjobs = await open();
    const { PATH } = process.env;
    process.env.PATH = "/nonexistent";
    try {
      const start = myjobs.workersTmuxStart();
      await expect(start).rejects.toThrow(TmuxError);
      await expect(start).rejects.toThrow(
        /not installed.*apt-get install tmux/,
      );
    } finally {
      process.env.PATH = PATH;
    }
    expect(myjobs.workers.size).toBe(0);
    expect(await myjobs.workersFind({ state: ["NEW", "WAITING"] })).toEqual([]);
  });

  test("is refused with tmux's own words where tmux refuses the session", async () => {
    const myjobs = await open();
    const { TMUX_TMPDIR } = process.env;
    const folder = temporaryFolder();
    const sockets = path.join(folder, `tmux-${String(process.getuid?.())}`);
    mkdirSync(sockets);
    chmodSync(sockets, 0o777);
    process.env.TMUX_TMPDIR = folder;
    try {
      await expect(myjobs.workerTmuxStart()).rejects.toMatchObject({
        name: "TmuxError",
        message: expect.stringContaining("unsafe permissions"),
        command: expect.arrayContaining(["tmux"]),
      });
    } finally {
      process.env.TMUX_TMPDIR = TMUX_TMPDIR;
    }
  });

  test("is refused for a store in memory", async () => {
    const myjobs = await open({ store: ":memory:" });
    await expect(myjobs.workerTmuxStart()).rejects.toThrow(TmuxError);
  });

  test.each([
    [{ nrWorkers: 0 }, "nrWorkers"],
    [{ nrWorkers: "4" }, "nrWorkers"],
    [{ nr: 1 }, "nr"],
  ])("with %j is refused by name", async (options, option) => {
    const myjobs = await open();
    await expect(
      myjobs.workersTmuxStart(options as object),
    ).rejects.toMatchObject({ name: "OptionError", option });
  });
});

describe("a worker in a window", () => {
  test("outlives the process that started it, killed in the middle; and is adopted by the next", async () => {
    const store = storeFile();
    const gate = new Gate();
    const starter = run(
      `import { MyJobs } from "myjobs";
       const myjobs = await MyJobs.open({ store: process.argv[2] });
       await myjobs.workerTmuxStart();
       await myjobs.schedule(${waits.toString()}, { gate: process.argv[3] });
       setInterval(() => {}, 1000);`,
      [store, gate.file],
    );
    await gate.reached();
    const program = programOf("w1");
    starter.child.kill("SIGKILL");
    await starter.exit;
    const myjobs = await reopen({ store });
    const [adopted] = await myjobs.workersTmuxStart({ nrWorkers: 1 });
    expect(adopted).toMatchObject({ nr: 1, state: "BUSY" });
    expect(programOf("w1")).toBe(program);
    gate.open();
    const job = await (await myjobs.jobs.get(1)).wait();
    expect(job).toMatchObject({ result: "passed", attempt: 1 });
  });

  test.each([
    ["closed", () => tmux("kill-window", "-t", ":=w1")],
    ["killed", () => process.kill(programOf("w1"), "SIGKILL")],
  ])(
    "is opened again when its window is %s, and its job runs again",
    async (_, end) => {
      const myjobs = await open();
      const before = await myjobs.workerTmuxStart();
      const job = await myjobs.schedule(
        (_: undefined, { job: { attempt } }: Context) =>
          attempt > 1 || new Promise((resolve) => setTimeout(resolve, 60_000)),
        undefined,
      );
      await begun(job);
      end();
      expect((await job.wait()).attempt).toBe(2);
      expect(windows()).toEqual(["w1"]);
      expect((await worker(myjobs)).pid).not.toBe(before.pid);
      await until(
        "the first one's process is gone",
        () => !isAlive(before.pid),
      );
    },
  );

  test("has another process in the same window after its job has crashed", async () => {
    const myjobs = await open();
    await myjobs.workerTmuxStart();
    const program = programOf("w1");
    const job = await myjobs.schedule(() => process.exit(3));
    await job.wait({ die: false });
    expect(job).toMatchObject({ errorCat: "CRASH", error: { exitCode: 3 } });
    expect(
      await myjobs.results([await myjobs.schedule(nap, { ms: 1 })]),
    ).toEqual(["rested"]);
    expect(programOf("w1")).toBe(program);
  });

  test.each(["halt", "kill"] as const)(
    "ends for good by %s() from another process",
    async (way) => {
      const myjobs = await open();
      await myjobs.workerTmuxStart();
      const gate = new Gate();
      const job = await myjobs.schedule(waits, gate.kwargs);
      await gate.reached();
      const other = run(
        `import { MyJobs } from "myjobs";
         const myjobs = await MyJobs.open({ store: process.argv[2] });
         const [worker] = await myjobs.workersFind({ nr: 1 });
         await worker[process.argv[3]]();
         console.log(worker.state);
         await myjobs.stop();`,
        [storeOf(myjobs), way],
      );
      if (way === "halt") {
        await ordered(myjobs);
        expect((await job.load()).state).toBe("RUNNING");
        gate.open();
      }
      await other.exit;
      expect([other.lines, other.errors()]).toEqual([["HALTED"], ""]);
      await job.wait({ die: false });
      expect(job.state).toBe(way === "halt" ? "OK" : "ERROR");
      if (way === "kill") expect(job.errorCat).toBe("HALTED");
      await until("its window has closed", () => windows().length === 0);
      await until("it is kept no longer", () => myjobs.workers.size === 0);
    },
  );

  test("ends for good by Ctrl-C in its window, after its job", async () => {
    const myjobs = await open();
    await myjobs.workerTmuxStart();
    const gate = new Gate();
    const job = await myjobs.schedule(waits, gate.kwargs);
    await gate.reached();
    tmux("send-keys", "-t", ":=w1", "C-c");
    await until("it is heard", () => shown("w1").includes("may finish"));
    expect((await job.load()).state).toBe("RUNNING");
    gate.open();
    expect((await job.wait()).result).toBe("passed");
    await until("it is kept no longer", () => myjobs.workers.size === 0);
    await until("its window has closed", () => windows().length === 0);
    expect((await worker(myjobs)).state).toBe("HALTED");
  });

  test("is kept by the next window of its number, and by no pool", async () => {
    const myjobs = await open();
    const [one] = await myjobs.workersTmuxStart({ nrWorkers: 1 });
    process.kill(programOf("w1"), "SIGKILL");
    // Its number looks free, but is reserved.
    const inprocess = await Promise.all([
      myjobs.workerStart(),
      myjobs.workerStart(),
    ]);
    expect(inprocess.map(({ nr }) => nr)).toEqual([2, 3]);
    await until(
      "it is there again",
      async () =>
        (await myjobs.workersFind({ nr: 1, state: "WAITING" }))[0]?.pid !==
        one!.pid,
    );
  });
});

describe("stop() and workers in windows", () => {
  test("lets their jobs finish, then ends them", async () => {
    const myjobs = await open();
    const other = await reopen({ store: storeOf(myjobs) });
    await myjobs.workersTmuxStart({ nrWorkers: 2 });
    const gate = new Gate();
    const job = await myjobs.schedule(waits, gate.kwargs);
    await gate.reached();
    const { worker: nr } = await job.load();
    const stopping = myjobs.stop();
    await ordered(other, nr!);
    gate.open();
    await stopping;
    expect(sessions()).toEqual([]);
    expect((await other.jobs.get(job.id)).result).toBe("passed");
    expect((await other.workersFind()).map(({ state }) => state)).toEqual([
      "HALTED",
      "HALTED",
    ]);
  });

  test.each([
    [true, { state: "NEW" }],
    [false, { state: "ERROR", errorCat: "HALTED" }],
  ])("kills what takes longer; requeue %p", async (requeue, ended) => {
    const myjobs = await open();
    const other = await reopen({ store: storeOf(myjobs) });
    await myjobs.workerTmuxStart();
    const job = await myjobs.schedule(nap, { ms: 60_000 });
    await begun(job);
    await myjobs.stop({ timeout: 100, requeue });
    expect(sessions()).toEqual([]);
    expect(await other.jobs.get(job.id)).toMatchObject(ended);
  });

  test("leaves them running with tmux: false, and nobody opens them again", async () => {
    const store = storeFile();
    const myjobs = await reopen({ store });
    const [kept] = await myjobs.workersTmuxStart({ nrWorkers: 1 });
    await myjobs.stop({ tmux: false });
    expect(windows()).toEqual(["w1"]);
    const other = await reopen({ store });
    expect(other.workers.size).toBe(0);
    expect((await (await other.schedule(nap, { ms: 1 })).wait()).worker).toBe(
      1,
    );
    const found = await worker(other);
    expect(found.pid).toBe(kept!.pid);
    await found.halt();
    await until("its window has closed", () => windows().length === 0);
  });

  test("ends those alone that no other instance keeps", async () => {
    const myjobs = await open();
    const other = await reopen({ store: storeOf(myjobs) });
    await myjobs.workersTmuxStart({ nrWorkers: 3 });
    await other.workersTmuxStart({ nrWorkers: 2 });
    await myjobs.stop();
    expect(windows()).toEqual(["w1", "w2"]);
    await other.stop();
    expect(windows()).toEqual([]);
  });

  test("while they start leaves none behind", async () => {
    const myjobs = await open();
    const other = await reopen({ store: storeOf(myjobs) });
    const starting = myjobs.workersTmuxStart({ nrWorkers: 2 });
    const refused = expect(starting).rejects.toThrow(StoppedError);
    await until("a window is there", () => windows().length > 0);
    await myjobs.stop({ graceful: false });
    await refused;
    expect(windows()).toEqual([]);
    expect(await other.workersFind({ state: ["NEW", "WAITING"] })).toEqual([]);
  });

  test("in the moments in which they are asked for leaves no record of them", async () => {
    for (let turns = 0; turns < 8; turns += 1) {
      const myjobs = await open();
      const other = await reopen({ store: storeOf(myjobs) });
      const starting = myjobs.workersTmuxStart({ nrWorkers: 1 });
      const refused = expect(starting).rejects.toThrow(StoppedError);
      for (let turn = 0; turn < turns; turn += 1)
        await new Promise((resolve) => setImmediate(resolve));
      await myjobs.stop();
      await refused;
      expect(windows()).toEqual([]);
      // One that nobody sees to would hold its number for ever, and whoever adopts it.
      const live = await other.workersFind({ state: ["NEW", "WAITING"] });
      expect(live).toEqual([]);
      await other.stop();
    }
  });

  test("ends one whose program is stopped by a signal, and its job runs again", async () => {
    const myjobs = await open();
    const other = await reopen({ store: storeOf(myjobs) });
    await myjobs.workerTmuxStart();
    const job = await myjobs.schedule(nap, { ms: 60_000 });
    await begun(job);
    process.kill(programOf("w1"), "SIGSTOP");
    await myjobs.stop({ graceful: false });
    expect(windows()).toEqual([]);
    expect((await other.jobs.get(job.id)).state).toBe("NEW");
  });
});

test("reset() ends the workers in windows, though they are other processes", async () => {
  const myjobs = await open();
  await myjobs.workersTmuxStart({ nrWorkers: 2 });
  await myjobs.schedule(nap, { ms: 60_000 });
  await myjobs.reset();
  expect(windows()).toEqual([]);
  expect(await myjobs.workersFind()).toEqual([]);
  expect(await myjobs.jobs.count()).toBe(0);
  await myjobs.workerTmuxStart();
  expect(windows()).toEqual(["w1"]);
});

test("reset() ends those, too, that were just being started, which come up for it", async () => {
  const myjobs = await open();
  const starting = myjobs.workersTmuxStart({ nrWorkers: 2 });
  await until("a window is there", () => windows().length > 0);
  const resetting = myjobs.reset();
  expect(await starting).toHaveLength(2);
  await resetting;
  expect(windows()).toEqual([]);
  expect(await myjobs.workersFind()).toEqual([]);
});

test("a reset() that tmux fails deletes nothing, and the instance goes on", async () => {
  const myjobs = await open();
  await myjobs.workersTmuxStart({ nrWorkers: 1 });
  const job = await myjobs.schedule(() => 5);
  await job.wait();
  const { PATH } = process.env;
  process.env.PATH = "/nonexistent";
  try {
    await expect(myjobs.reset()).rejects.toThrow(TmuxError);
  } finally {
    process.env.PATH = PATH;
  }
  expect((await job.load()).result).toBe(5);
  await myjobs.workersSubprocessStart({ nrFixed: 1 });
  expect((await (await myjobs.schedule(() => 6)).wait()).result).toBe(6);
});

ownTmuxServer();
