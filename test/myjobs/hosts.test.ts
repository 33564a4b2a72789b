import { readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";

import type { MyJobs } from "../../src/index.js";
import { reopen, temporaryFolder } from "../support/instance.js";
import { type Program, run } from "../support/program.js";
import { isAlive, until } from "../support/until.js";

/**
 * A host that runs jobs, and schedules so many of its own in batches: each batch hangs on a job that
 * another host has scheduled last. It tells of each batch once that is acknowledged, and of every fault.
 */
const host = `
  import { MyJobs } from "myjobs";
  const [store, file, many] = process.argv.slice(2);
  const myjobs = await MyJobs.open({ store, durability: "normal" });
  myjobs.on("error", (error) => console.log("fault " + error.stack));
  await myjobs.workersSubprocessStart({ nrFixed: 1 });
  console.log("serves");
  let stopping = false;
  process.on("SIGTERM", () => { stopping = true; });
  const note = async ({ file }, { job }) => {
    const { appendFileSync } = await import("node:fs");
    appendFileSync(file, job.id + " " + job.attempt + "\\n");
    return job.id;
  };
  let link = 0;
  for (let done = 0; done < Number(many) && !stopping; done += 500) {
    const found = await myjobs.jobs.find({ category: "link", after: link });
    const others = found.filter(({ name }) => name !== file + process.pid);
    link = others.at(-1)?.id ?? link;
    const dependencies = link === 0 ? [] : [link];
    const own = await myjobs.schedule(note, { file }, { category: "link", name: file + process.pid });
    const jobs = await myjobs.scheduleMany(note, Array(499).fill({ file }), { dependencies });
    console.log("scheduled " + [own, ...jobs].map(({ id }) => id).join(" "));
    if (done % 2000 === 0) await own.wait();
  }
  console.log("has scheduled all");
  while (!stopping) await new Promise((resolve) => setTimeout(resolve, 10));
  await myjobs.stop();
`;

function acknowledged({ lines }: Program): number[] {
  return lines
    .filter((line) => line.startsWith("scheduled "))
    .flatMap((line) => line.split(" ").slice(1).map(Number));
}

function faults({ lines, errors }: Program): string[] {
  return [
    ...lines.filter((line) => line.startsWith("fault ")),
    errors(),
  ].filter(Boolean);
}

async function sampleNumbers(myjobs: MyJobs): Promise<void> {
  const live = await myjobs.workersFind({ state: ["NEW", "WAITING", "BUSY"] });
  const numbers = live.map(({ nr }) => nr);
  expect(new Set(numbers).size).toBe(numbers.length);
  const pids = live.map(({ pid }) => pid).filter((pid) => pid !== 0);
  expect(new Set(pids).size).toBe(pids.length);
}

test("four hosts and 40,000 jobs, of which hosts join, leave and die: none is lost, and none runs twice without cause", async () => {
  const folder = temporaryFolder();
  const store = path.join(folder, "jobs.db");
  const file = path.join(folder, "executions");
  const start = (many: number): Program =>
    run(host, [store, file, String(many)]);
  const watcher = await reopen({ store });
  const told: Error[] = [];
  watcher.on("error", (error) => told.push(error));
  const ended = (): Promise<number> =>
    watcher.jobs.count({ state: ["OK", "ERROR", "DONE"] });

  const [stays, leaves, dies] = [start(10_000), start(10_000), start(10_000)];
  await until(
    "a part has run",
    async () => {
      await sampleNumbers(watcher);
      return (await ended()) > 5_000;
    },
    60_000,
  );
  const joins = start(10_000);
  await until("the fourth serves", () => joins.lines.includes("serves"));
  dies.child.kill("SIGKILL");
  await dies.exit;
  await until("a host has scheduled all of its own", () =>
    leaves.lines.includes("has scheduled all"),
  );
  leaves.child.kill("SIGTERM");
  expect(await leaves.exit).toEqual({ code: 0, signal: null });
  const hosts = [stays, leaves, dies, joins];
  await until(
    "all is done",
    async () => {
      await sampleNumbers(watcher);
      const scheduled = [stays, joins].every(({ lines }) =>
        lines.includes("has scheduled all"),
      );
      return (
        scheduled &&
        (await watcher.jobs.count({ state: ["NEW", "RUNNING"] })) === 0
      );
    },
    90_000,
  );
  for (const { child } of [stays, joins]) child.kill("SIGTERM");
  for (const { exit } of [stays, joins])
    expect(await exit).toEqual({ code: 0, signal: null });

  expect(hosts.flatMap(faults)).toEqual([]);
  expect(told).toEqual([]);
  const ids = hosts.flatMap(acknowledged);
  expect(ids.length).toBeGreaterThan(30_000);
  expect(new Set(ids).size).toBe(ids.length);
  const attempts = new Map<number, number>();
  for (let after = 0; ;) {
    const page = await watcher.jobs.find({ after, limit: 10_000 });
    if (page.length === 0) break;
    for (const job of page) {
      expect([job.state, job.result]).toEqual(["OK", job.id]);
      attempts.set(job.id, job.attempt);
    }
    after = page.at(-1)!.id;
  }
  expect(ids.filter((id) => !attempts.has(id))).toEqual([]);
  const executions = readFileSync(file, "utf8").trim().split("\n").sort();
  // Each attempt at most once; and only what the dead host held has a second.
  expect(new Set(executions).size).toBe(executions.length);
  const again = [...attempts].filter(([, attempt]) => attempt > 1);
  expect(again.length).toBeLessThan(1_100);
  expect([...attempts.values()].filter((attempt) => attempt > 2)).toEqual([]);
  const executed = new Set(
    executions.map((line) => Number(line.split(" ")[0])),
  );
  expect([...attempts.keys()].filter((id) => !executed.has(id))).toEqual([]);
  expect(executions.length - attempts.size).toBeLessThanOrEqual(again.length);
}, 180_000);

describe("hosts on one store", () => {
  test("hear of each other's jobs and of their ends", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const other = run(host, [store, "/dev/null", "0"]);
    await until("it serves", () => other.lines.includes("serves"));
    const myjobs = await reopen({ store });
    const pid = await myjobs.schedule(() => process.pid);
    await pid.wait();
    const [worker] = await myjobs.workersFind();
    expect(pid.result).toBe(worker!.pid);
    const failing = await myjobs.schedule(() => {
      throw new Error("no");
    });
    await expect(failing.wait()).rejects.toThrow("no");
    other.child.kill("SIGTERM");
    await other.exit;
  });

  test("settle what one leaves that is killed, while they live on, and without being asked", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const myjobs = await reopen({ store });
    const other = run(host, [store, "/dev/null", "0"]);
    await until("it serves", () => other.lines.includes("serves"));
    const job = await myjobs.schedule(() => {
      for (;;);
    });
    await until("it runs", async () => (await job.load()).state === "RUNNING");
    const [worker] = await myjobs.workersFind();
    other.child.kill("SIGKILL");
    await until(
      "the job can run again",
      async () => (await job.load()).state === "NEW",
    );
    expect(await worker!.load()).toMatchObject({
      state: "ERROR",
      currentJob: null,
    });
    await until("its child is gone", () => !isAlive(worker!.pid));
    expect(await job.cancel()).toBe(true);
  });

  test("do not take one for dead that is only stopped for some seconds, and what it runs runs once", async () => {
    const folder = temporaryFolder();
    const store = path.join(folder, "jobs.db");
    const myjobs = await reopen({ store });
    const other = run(host, [store, "/dev/null", "0"]);
    await until("it serves", () => other.lines.includes("serves"));
    const job = await myjobs.schedule(
      () => new Promise((resolve) => setTimeout(() => resolve("once"), 500)),
    );
    await until("it runs", async () => (await job.load()).state === "RUNNING");
    other.child.kill("SIGSTOP");
    const stopped = performance.now();
    await until(
      "it was stopped long",
      () => performance.now() - stopped > 3_000,
    );
    other.child.kill("SIGCONT");
    expect(await job.wait()).toMatchObject({ result: "once", attempt: 1 });
    expect((await myjobs.workersFind()).map(({ error }) => error)).toEqual([
      null,
    ]);
    other.child.kill("SIGTERM");
    expect((await other.exit).code).toBe(0);
  });
});
