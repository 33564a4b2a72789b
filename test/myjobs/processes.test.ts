import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";

import type { MyJobs } from "../../src/index.js";
import { Gate, type Gated } from "../support/gate.js";
import { open, reopen, temporaryFolder } from "../support/instance.js";
import { run } from "../support/program.js";
import { isAlive, until } from "../support/until.js";

function addition({ a, b }: { a: number; b: number }): number {
  return a + b;
}

function spin(): never {
  for (;;);
}

async function pooled(nr = 1): Promise<MyJobs> {
  const myjobs = await open();
  await myjobs.workersSubprocessStart({ nrFixed: nr });
  return myjobs;
}

const ways: Record<string, (_: object) => unknown> = {
  "a busy loop": spin,
  "a child process waited for synchronously": async () => {
    const { execSync } = await import("node:child_process");
    execSync("sleep 1000");
  },
  "an Atomics.wait": () =>
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  "a promise that never settles and ignores SIGTERM": () => {
    process.on("SIGTERM", () => undefined);
    return new Promise(() => setInterval(() => undefined, 1_000));
  },
};

describe("a job that does not stop by itself", () => {
  test.each(Object.entries(ways))(
    "%s is killed at its limit, with its process group",
    async (_, action) => {
      const myjobs = await pooled();
      const [worker] = [...myjobs.workers.values()];
      const job = await myjobs.schedule(action, {}, { timeout: 200 });
      await job.wait({ die: false });
      expect(job).toMatchObject({
        state: "ERROR",
        errorCat: "TIMEOUT",
        attempt: 1,
      });
      expect(group(worker!.pid)).toEqual([]);
      expect(
        (await (await myjobs.schedule(addition, { a: 1, b: 1 })).wait()).result,
      ).toBe(2);
    },
  );

  test("is killed by cancel(), and by kill() of its worker", async () => {
    const myjobs = await pooled(2);
    const [one, two] = await myjobs.scheduleMany(spin, [{}, {}]);
    await until(
      "both run",
      async () => (await myjobs.jobs.count({ state: "RUNNING" })) === 2,
    );
    const pids = [...myjobs.workers.values()].map(({ pid }) => pid);
    expect(await one!.cancel()).toBe(true);
    expect(one).toMatchObject({
      state: "ERROR",
      errorCat: "HALTED",
      error: { name: "CancelledError" },
    });
    const worker = [...myjobs.workers.values()].find(
      ({ currentJob }) => currentJob === two!.id,
    );
    await worker!.kill();
    await two!.wait({ die: false });
    expect(two).toMatchObject({
      state: "ERROR",
      errorCat: "HALTED",
      error: { name: "KilledError", signal: "SIGKILL" },
    });
    expect(pids.filter(isAlive)).toEqual([]);
    await until(
      "the pool is whole again",
      () =>
        [...myjobs.workers.values()].filter(({ state }) => state === "WAITING")
          .length === 2,
    );
  });

  test("ends at the worker's limit when it has none of its own", async () => {
    const myjobs = await open({ workerTimeout: 150 });
    await myjobs.workersSubprocessStart();
    const job = await myjobs.schedule(spin);
    await job.wait({ die: false });
    expect(job.error?.message).toMatch(/150 ms/);
  });
});

describe("the death of a child", () => {
  test.each<[string, () => unknown, object]>([
    [
      "SIGKILL",
      () => process.kill(process.pid, "SIGKILL"),
      { signal: "SIGKILL" },
    ],
    [
      "SIGSEGV",
      () => process.kill(process.pid, "SIGSEGV"),
      { signal: "SIGSEGV" },
    ],
    ["process.exit(0)", () => process.exit(0), { exitCode: 0 }],
    ["process.exit(3)", () => process.exit(3), { exitCode: 3 }],
    [
      "process.exit() with an exitCode",
      () => {
        process.exitCode = 4;
        process.exit();
      },
      { exitCode: 4 },
    ],
    ["process.abort()", () => process.abort(), { signal: "SIGABRT" }],
  ])(
    "by %s ends its job as CRASH with what is known, and the pool goes on",
    async (_, die, known) => {
      const myjobs = await pooled();
      const job = await myjobs.schedule(
        async ({ source }: { source: string }) => {
          console.log("last words");
          console.error("and an error");
          await new Promise((resolve) => setTimeout(resolve, 20));
          new Function(source)();
          await new Promise(() => setInterval(() => undefined, 1_000));
        },
        { source: `(${die.toString()})()` },
      );
      await job.wait({ die: false });
      expect(job).toMatchObject({
        state: "ERROR",
        errorCat: "CRASH",
        error: known,
      });
      expect(job.error?.output).toMatch(
        /last words[^]*and an error|and an error[^]*last words/,
      );
      expect(
        (await (await myjobs.schedule(addition, { a: 1, b: 1 })).wait()).result,
      ).toBe(2);
    },
  );

  test.each<[string, string, object]>([
    [
      "closes",
      "closeSync(5)",
      { exitCode: 1, output: expect.stringContaining("cannot be told") },
    ],
    ...[
      "{}}\n",
      "null\n",
      '{"type":"fault","id":1,"attempt":1}\n',
      "7",
      "=1,1,",
    ].map((words): [string, string, object] => [
      `writes ${words} on`,
      `writeSync(5, ${JSON.stringify(words)})`,
      {
        signal: "SIGKILL",
        output: expect.stringContaining("wrote to file descriptor 5"),
      },
    ]),
    [
      "closes and takes for a file of its own",
      'openSync("/dev/null", (fs.closeSync(5), "w"))',
      {
        signal: "SIGKILL",
        output: expect.stringContaining("closed file descriptor 5"),
      },
    ],
  ])(
    "comes to one whose job %s the way on which it tells of ends, and the pool goes on",
    async (_, call, error) => {
      const myjobs = await pooled();
      const job = await myjobs.schedule(
        async ({ source }: { source: string }, context) => {
          new Function("fs", `fs.${source}`)(context.require("node:fs"));
          await new Promise((resolve) => setTimeout(resolve, 200));
        },
        { source: call },
      );
      await job.wait({ die: false });
      expect(job).toMatchObject({ state: "ERROR", errorCat: "CRASH", error });
      expect(
        (await (await myjobs.schedule(addition, { a: 1, b: 1 })).wait()).result,
      ).toBe(2);
    },
  );

  test("in the middle of its large result charges that job alone, and its half result is none", async () => {
    const myjobs = await pooled();
    const gate = new Gate();
    const large = await myjobs.schedule(({ gate }: Gated, context) => {
      const { existsSync, writeFileSync } =
        context.require<typeof import("node:fs")>("node:fs");
      writeFileSync(`${gate!}.reached`, ".");
      while (!existsSync(gate!));
      return "ä".repeat(5_000_000);
    }, gate.kwargs);
    const behind = await myjobs.scheduleMany(addition, [
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ]);
    await gate.reached();
    const { pid } = [...myjobs.workers.values()][0]!;
    gate.open();
    // While this process reads nothing, the child cannot write it all: it comes to a stand.
    const wait = new Int32Array(new SharedArrayBuffer(4));
    let stood = 0;
    for (let looks = 0; stood < 5 && looks < 2_000; looks += 1) {
      stood = sleeps(pid) ? stood + 1 : 0;
      Atomics.wait(wait, 0, 0, 10);
    }
    expect(stood).toBe(5);
    process.kill(pid, "SIGKILL");
    await myjobs.wait([large, ...behind], { die: false });
    expect(large).toMatchObject({
      state: "ERROR",
      errorCat: "CRASH",
      result: undefined,
      error: { signal: "SIGKILL" },
    });
    expect(behind.map(({ result, attempt }) => [result, attempt])).toEqual([
      [3, 1],
      [7, 1],
    ]);
  });

  test("by one job's words on that way costs its neighbours nothing", async () => {
    const myjobs = await pooled();
    const jobs = await myjobs.scheduleMany(
      ({ n }: { n: number }, context) => {
        const { writeSync } =
          context.require<typeof import("node:fs")>("node:fs");
        if (n === 100) writeSync(5, "what a mess\n");
        return n;
      },
      Array.from({ length: 300 }, (_, n) => ({ n })),
    );
    await myjobs.wait(jobs, { die: false });
    const failed = jobs.filter(({ state }) => state !== "OK");
    expect(failed).toMatchObject([{ errorCat: "CRASH", attempt: 1 }]);
    expect(failed[0]!.kwargs).toEqual({ n: 100 });
  });

  test("by an exception in a timer tells the exception", async () => {
    const myjobs = await pooled();
    const job = await myjobs.schedule(() => {
      setTimeout(() => {
        throw new RangeError("from a timer");
      }, 10);
      return new Promise(() => setInterval(() => undefined, 1_000));
    });
    await job.wait({ die: false });
    expect(job).toMatchObject({
      errorCat: "CRASH",
      error: { name: "RangeError", message: "from a timer", exitCode: 1 },
    });
  });

  test.each([
    ["an exception in a timer", "throw new Error('late')"],
    ["a rejection that nobody handles", "Promise.reject(new Error('late'))"],
    ["process.exit()", "process.exit(3)"],
    ["process.abort()", "process.abort()"],
  ])(
    "by %s that an ended job left behind is not charged to the job that runs then",
    async (_, source) => {
      const file = path.join(temporaryFolder(), "begun");
      const myjobs = await pooled();
      const bomb = await myjobs.schedule(
        ({ file, source }: { file: string; source: string }, context) => {
          const { existsSync } =
            context.require<typeof import("node:fs")>("node:fs");
          const timer = setInterval(() => {
            if (!existsSync(file)) return;
            clearInterval(timer);
            new Function(source)();
          }, 10);
        },
        { file, source },
      );
      await bomb.wait();
      const innocent = await myjobs.schedule(
        ({ file }: { file: string }, context) => {
          const { writeFileSync } =
            context.require<typeof import("node:fs")>("node:fs");
          writeFileSync(file, "");
          // The bomb is to end it.
          if (context.job.attempt === 1)
            return new Promise(() => setInterval(() => undefined, 1_000));
          return "ran";
        },
        { file },
      );
      await innocent.wait({ timeout: 30_000 });
      expect(innocent).toMatchObject({ state: "OK", attempt: 2 });
    },
  );

  test("by its memory limit ends the job as CRASH", async () => {
    const myjobs = await open({ workerExecArgv: ["--max-old-space-size=40"] });
    await myjobs.workersSubprocessStart();
    const job = await myjobs.schedule(() => {
      const kept: unknown[] = [];
      for (;;) kept.push(new Array(1_000).fill(kept.length));
    });
    await job.wait({ die: false });
    expect(job).toMatchObject({ errorCat: "CRASH" });
    expect(job.error?.output).toMatch(/heap/i);
  });

  test("charges only the job that had started, of many that lay in it", async () => {
    const myjobs = await pooled();
    const warm = await myjobs.scheduleMany(
      addition,
      Array.from({ length: 500 }, () => ({ a: 1, b: 1 })),
    );
    await myjobs.wait(warm);
    const jobs = await myjobs.scheduleMany(
      ({ nr }: { nr: number }) => {
        if (nr === 20) process.kill(process.pid, "SIGKILL");
        return nr;
      },
      Array.from({ length: 60 }, (_, nr) => ({ nr })),
    );
    await myjobs.wait(jobs, { die: false });
    const failed = jobs.filter(({ state }) => state !== "OK");
    expect(
      failed.map(({ kwargs, errorCat }) => ({ kwargs, errorCat })),
    ).toEqual([{ kwargs: { nr: 20 }, errorCat: "CRASH" }]);
    expect(jobs.map(({ attempt }) => attempt)).toEqual(jobs.map(() => 1));
  });

  test("by the first of several that run at a time charges none that has not begun", async () => {
    const myjobs = await open({ concurrency: 3 });
    // Sent together to a child that has yet to compile the function.
    const jobs = await myjobs.scheduleMany(
      ({ fatal }: { fatal: boolean }) => {
        if (fatal) process.exit(3);
        return "ran";
      },
      [{ fatal: true }, { fatal: false }, { fatal: false }],
    );
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    await myjobs.wait(jobs, { die: false });
    expect(jobs.map(({ state, errorCat }) => [state, errorCat])).toEqual([
      ["ERROR", "CRASH"],
      ["OK", "NA"],
      ["OK", "NA"],
    ]);
  });

  test("at rest costs the jobs nothing that were sent to it in that moment", async () => {
    const myjobs = await pooled();
    for (let nr = 0; nr < 5; nr += 1) {
      process.kill([...myjobs.workers.values()][0]!.pid, "SIGKILL");
      const jobs = await myjobs.scheduleMany(addition, [
        { a: 1, b: nr },
        { a: 2, b: nr },
      ]);
      expect(await myjobs.results<number>(jobs)).toEqual([1 + nr, 2 + nr]);
    }
  });

  test("takes what its job has spawned with it", async () => {
    const myjobs = await pooled();
    const job = await myjobs.schedule(async () => {
      const { spawn } = await import("node:child_process");
      const child = spawn("sleep", ["1000"], { stdio: "ignore" });
      return child.pid!;
    });
    const pid = (await job.wait()).result!;
    expect(isAlive(pid)).toBe(true);
    const [worker] = [...myjobs.workers.values()];
    await worker!.kill();
    await until("the grandchild is gone", () => !isAlive(pid));
  });
});

const host = `
import { MyJobs } from "myjobs";
const myjobs = await MyJobs.open({ store: process.argv[2] });
await myjobs.workersSubprocessStart({ nrFixed: 2 });
const jobs = await myjobs.scheduleMany(({ nr }) => { for (;;); }, [{ nr: 1 }, { nr: 2 }, { nr: 3 }], { category: "spin" });
while ((await myjobs.jobs.count({ state: "RUNNING" })) < 2)
  await new Promise((resolve) => setTimeout(resolve, 10));
console.log(JSON.stringify([...myjobs.workers.values()].map(({ pid }) => pid)));
`;

describe("the death of the host", () => {
  test("by SIGKILL leaves no child, even in a busy loop; the next open settles its jobs", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const { child, lines, exit, errors } = run(host, [store]);
    await until(`the host runs its jobs ${errors()}`, () => lines.length === 1);
    const pids = JSON.parse(lines[0]!) as number[];
    expect(pids.map(isAlive)).toEqual([true, true]);
    child.kill("SIGKILL");
    await exit;
    await until("its children are gone", () => !pids.some(isAlive), 5_000);
    const myjobs = await reopen({ store });
    const jobs = await myjobs.jobs.find();
    expect(jobs.map(({ state, attempt }) => [state, attempt])).toEqual([
      ["NEW", 1],
      ["NEW", 1],
      ["NEW", 0],
    ]);
    const workers = await myjobs.workersFind();
    expect(workers.map(({ state, currentJob }) => [state, currentJob])).toEqual(
      [
        ["ERROR", null],
        ["ERROR", null],
      ],
    );
  });

  test("four times under one job ends it as CRASH", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const suicidal = `
      import { MyJobs } from "myjobs";
      const myjobs = await MyJobs.open({ store: process.argv[2] });
      await myjobs.workerStart();
      if ((await myjobs.jobs.count()) === 0) await myjobs.schedule(() => process.kill(process.pid, "SIGKILL"));
      await myjobs.drain();
    `;
    for (let death = 1; death <= 4; death += 1) {
      expect(await run(suicidal, [store]).exit).toMatchObject({
        signal: "SIGKILL",
      });
    }
    const myjobs = await reopen({ store });
    const [job] = await myjobs.jobs.find();
    expect(job).toMatchObject({
      state: "ERROR",
      errorCat: "CRASH",
      attempt: 4,
    });
  });

  test("is no matter of the reaper's: killed, it is started again", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const { child, lines, exit } = run(host, [store]);
    await until("the host runs its jobs", () => lines.length === 1);
    const pids = JSON.parse(lines[0]!) as number[];
    const reaper = (): number =>
      Number(
        ps(["--ppid", String(child.pid), "-o", "pid=,args="])
          .find((line) => line.includes("reaper.sh"))
          ?.trim()
          .split(" ")[0] ?? 0,
      );
    const first = reaper();
    process.kill(first, "SIGKILL");
    await until(
      "there is a new reaper",
      () => reaper() !== 0 && reaper() !== first,
    );
    child.kill("SIGKILL");
    await exit;
    await until("the children are gone", () => !pids.some(isAlive), 5_000);
    const myjobs = await reopen({ store });
    expect(await myjobs.jobs.count({ state: "NEW" })).toBe(3);
  });
});

function group(pgid: number): string[] {
  return ps(["-e", "-o", "pgid=,stat=,args="]).filter(
    (line) =>
      line.trim().startsWith(`${String(pgid)} `) && !/^\s*\d+ Z/.test(line),
  );
}

/** Whether it waits for something, and uses no processor. */
function sleeps(pid: number): boolean {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
  return stat.includes(") S ");
}

function ps(args: string[]): string[] {
  try {
    return execFileSync("ps", args, { encoding: "utf8" })
      .split("\n")
      .filter(Boolean);
  } catch {
    return []; // ps exits 1 when nothing is found
  }
}
