import { describe, expect, test } from "@jest/globals";

import type { Job, MyJobs } from "../../src/index.js";
import { reopen } from "../support/instance.js";
import { until } from "../support/until.js";
import { type Command, Place } from "./command.js";

function nap({ ms }: { ms: number }): Promise<string> {
  console.log(`napping for ${String(ms)}`);
  return new Promise((resolve) => setTimeout(() => resolve("rested"), ms));
}

interface Ground {
  place: Place;
  myjobs: MyJobs;
}

/** A store, and an instance on it that starts no workers. */
async function ground(): Promise<Ground> {
  const place = new Place();
  const myjobs = await reopen({ store: place.path("jobs.db") });
  return { place, myjobs };
}

async function serving({ place }: Ground, ...args: string[]): Promise<Command> {
  const command = place.start("worker", "--store", "jobs.db", ...args);
  await until(
    "it serves",
    () => command.stderr().includes("serving jobs.db") || hasEnded(command),
  );
  return command;
}

function hasEnded({ child }: Command): boolean {
  return child.exitCode !== null;
}

/** In its process: that it is recorded as RUNNING is a moment older. */
async function running({ stdout }: Command, { id }: Job): Promise<void> {
  await until("the job runs", () =>
    new RegExp(`job ${String(id)} .*start`).test(stdout()),
  );
}

describe("myjobs worker", () => {
  test("runs the jobs of a store, and shows what they print and their starts and ends", async () => {
    const at = await ground();
    const { ended, child, stdout } = await serving(at);
    const job = await at.myjobs.schedule(nap, { ms: 5 }, { name: "short" });
    expect((await job.wait()).result).toBe("rested");
    await until("its end is shown", () => stdout().includes("OK"));
    expect(stdout()).toMatch(
      /^w1 job 1 \(short\) start \{"ms":5\}\nnapping for 5\nw1 job 1 \(short\) OK in [\d.]+ ms: "rested"\n$/,
    );
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 0 });
  });

  test("shows nothing of them with --quiet", async () => {
    const at = await ground();
    const { ended, child, stderr } = await serving(at, "--quiet");
    expect(stderr()).not.toContain("made");
    await (await at.myjobs.schedule(nap, { ms: 5 })).wait();
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 0, stdout: "" });
  });

  test("makes the store if there is none yet, and says where", async () => {
    const place = new Place();
    const command = await serving({ place } as Ground);
    expect(command.stderr()).toContain(`made ${place.path("jobs.db")}, which`);
    const myjobs = await reopen({ store: place.path("jobs.db") });
    await (await myjobs.schedule(nap, { ms: 1 })).wait();
    command.child.kill("SIGTERM");
    expect((await command.ended).code).toBe(0);
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "lets running jobs finish at %s, takes no more, and exits with 0",
    async (signal) => {
      const at = await ground();
      const command = await serving(at, "--nr-max", "1");
      const { ended, child } = command;
      const [first, second] = await at.myjobs.scheduleMany(nap, [
        { ms: 700 },
        { ms: 700 },
      ]);
      await running(command, first!);
      child.kill(signal);
      const { code, stderr } = await ended;
      expect(code).toBe(0);
      expect(stderr).toContain("running jobs may finish");
      expect((await first!.load()).result).toBe("rested");
      expect(await second!.load()).toMatchObject({ state: "NEW", attempt: 0 });
      expect(await at.myjobs.workersFind()).toMatchObject([
        { state: "HALTED" },
      ]);
    },
  );

  test("ends at once at the second signal; what ran then runs again, and no interruption is counted", async () => {
    const at = await ground();
    const command = await serving(at);
    const { ended, child, stderr } = command;
    const job = await at.myjobs.schedule(nap, { ms: 60_000 });
    await running(command, job);
    child.kill("SIGINT");
    await until("it is stopping", () => stderr().includes("once more"));
    // What comes at once after the first was sent once, by a launcher.
    const first = performance.now();
    child.kill("SIGINT");
    await until("an echo is over", () => performance.now() - first > 400);
    child.kill("SIGINT");
    expect((await ended).code).toBe(130);
    expect((await job.load()).state).toBe("NEW");
    const [worker] = await at.myjobs.workersFind();
    expect(worker).toMatchObject({ state: "HALTED", error: null });
  });

  test("told to stop while it starts leaves nothing behind", async () => {
    const at = await ground();
    const command = at.place.start("worker", "--store", "jobs.db");
    await until(
      "its worker is known",
      async () => (await at.myjobs.workersFind()).length > 0,
    );
    command.child.kill("SIGTERM");
    expect((await command.ended).code).toBe(0);
    const [worker] = await at.myjobs.workersFind();
    expect(worker!.state).toBe("HALTED");
  });

  test("scales its pool with the queue, between its bounds", async () => {
    const at = await ground();
    const { ended, child } = await serving(
      at,
      ...["--nr-min", "0", "--nr-max", "3"],
    );
    expect(await at.myjobs.workersFind()).toEqual([]);
    const jobs = await at.myjobs.scheduleMany(
      nap,
      Array.from({ length: 6 }, () => ({ ms: 60_000 })),
    );
    await until("all workers it may have are busy", async () => {
      const busy = await at.myjobs.jobs.find({ state: "RUNNING" });
      return busy.length === 3;
    });
    const used = (await at.myjobs.workersFind()).map(({ nr }) => nr);
    expect(used.sort()).toEqual([1, 2, 3]);
    await Promise.all(jobs.map((job) => job.cancel()));
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
  });

  test("goes on with the jobs when nobody reads what it shows any more", async () => {
    const at = await ground();
    const { ended, child } = await serving(at);
    child.stdout.destroy();
    child.stderr.destroy();
    const jobs = await at.myjobs.scheduleMany(
      nap,
      Array.from({ length: 20 }, () => ({ ms: 1 })),
    );
    await at.myjobs.wait(jobs);
    expect(jobs.map(({ result }) => result)).toEqual(jobs.map(() => "rested"));
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
  });

  test("shows the output of many workers without a warning of its own", async () => {
    const at = await ground();
    const { ended, child } = await serving(
      at,
      ...["--nr-min", "12", "--nr-max", "12"],
    );
    expect((await at.myjobs.workersFind()).length).toBe(12);
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining("Warning"),
    });
  });

  test("runs jobs of the given categories alone", async () => {
    const at = await ground();
    const { ended, child } = await serving(at, "--category", "a", "b");
    const [other, one, two] = await Promise.all(
      ["", "a", "b"].map((category) =>
        at.myjobs.schedule(nap, { ms: 1 }, { category }),
      ),
    );
    await at.myjobs.wait([one!, two!]);
    expect((await other!.load()).state).toBe("NEW");
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
  });

  test("with --nr is one worker of that number, which is replaced when it dies and ends when it is halted", async () => {
    const at = await ground();
    const { ended } = await serving(at, "--nr", "7");
    const crash = await at.myjobs.schedule(() => process.exit(1));
    await crash.wait({ die: false });
    const job = await at.myjobs.schedule(nap, { ms: 1 });
    expect((await job.wait()).worker).toBe(7);
    const [worker] = await at.myjobs.workersFind({ state: "WAITING" });
    expect(worker).toMatchObject({ nr: 7, name: "w7" });
    await worker!.halt();
    expect((await ended).code).toBe(0);
  });

  test.each([
    [
      ["--nr-min", "5", "--nr-max", "2"],
      /--nr-min is 5, expected at most nrMax/,
    ],
    [
      ["--nr-max", "0"],
      /'--nr-max <n>' argument '0' is invalid. Expected an integer from 1/,
    ],
    [
      ["--nr", "two"],
      /'--nr <n>' argument 'two' is invalid. Expected an integer from 1/,
    ],
    [["--nr", "3", "--nr-max", "2"], /'--nr <n>' cannot be used with/],
    [["--store", "no/such/folder/jobs.db"], /no\/such\/folder/],
    [["--store", "postgres://host/db"], /Postgres/],
    [["--store", ""], /--store is '', expected a file$/m],
    [
      ["--store", ":memory:"],
      /a store in memory has no jobs for another process/,
    ],
    [["jobs.db"], /too many arguments/],
    [["--colour"], /unknown option '--colour'/],
  ])(
    "called with %j says what is wrong, and exits with 2",
    async (args, why) => {
      const place = new Place();
      const { code, stderr, stdout } = await place.run(["worker", ...args]);
      expect(stderr).toMatch(why);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect([code, stdout]).toEqual([2, ""]);
    },
  );

  test("with a number that is taken says so, and exits with 2", async () => {
    const at = await ground();
    await at.myjobs.workerStart({ nr: 3 });
    const args = ["worker", "--store", "jobs.db", "--nr", "3"];
    expect(await at.place.run(args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        "--nr is 3, expected a number that no live worker has",
      ),
    });
  });
});
