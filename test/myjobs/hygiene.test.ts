import path from "node:path";

import { expect, test } from "@jest/globals";

import { temporaryFolder } from "../support/instance.js";
import { run } from "../support/program.js";

/** A service whose jobs bring their workers down once in a while, each in another way. */
const service = `
import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { MyJobs } from "myjobs";
const myjobs = await MyJobs.open({ store: process.argv[2], idleTimeout: 300, killGrace: 100 });
const errors = [];
myjobs.on("error", (error) => errors.push(String(error)));
await myjobs.workersSubprocessStart({ nrMin: 1, nrMax: 3 });
const work = ({ n, way }) => {
  if (way === 0) process.exit(0);
  if (way === 1) process.kill(process.pid, "SIGKILL");
  if (way === 2) process.abort();
  if (way === 3) setImmediate(() => { throw new Error("late"); });
  return way === 3 ? new Promise((resolve) => setTimeout(resolve, 5_000)) : n;
};
const rounds = [];
const ends = {};
const settle = async () => {
  while (myjobs.workers.size !== 1) await new Promise((resolve) => setTimeout(resolve, 20));
  globalThis.gc();
  const zombies = execFileSync("ps", ["-e", "-o", "ppid=,stat="], { encoding: "utf8" })
    .split("\\n").filter((line) => line.trim().startsWith(process.pid + " ") && /Z/.test(line));
  rounds.push({
    heap: process.memoryUsage().heapUsed / 2 ** 20,
    descriptors: readdirSync("/proc/self/fd").length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    zombies: zombies.length,
  });
};
// Until the thread is there that moves the log into the file.
while (statSync(process.argv[2]).size < 2 ** 20)
  await myjobs.wait(await myjobs.scheduleMany(work, Array.from({ length: 500 }, (_, n) => ({ n }))));
for (let round = 0; round < 5; round += 1) {
  const jobs = await myjobs.scheduleMany(work, Array.from({ length: 2_000 }, (_, n) => ({
    n, way: n % 100 === 50 ? Math.floor(n / 100) % 4 : undefined,
  })));
  await myjobs.wait(jobs, { die: false });
  for (const { kwargs, state, errorCat, attempt } of jobs) {
    const end = [kwargs.way === undefined ? "well" : "crashing", state, errorCat].join(" ");
    ends[end] = (ends[end] ?? 0) + 1;
  }
  await settle();
}
await myjobs.stop();
console.log(JSON.stringify({ rounds, ends, errors }));
`;

interface Round {
  heap: number;
  descriptors: number;
  listeners: number;
  zombies: number;
}

test("10,000 jobs, every hundredth of which brings down its worker, leave the pool at nrMin, and nothing in the host", async () => {
  const store = path.join(temporaryFolder(), "jobs.db");
  const { exit, lines, errors } = run(service, [store], ["--expose-gc"]);
  const exited = await exit;
  expect([exited, errors()]).toEqual([{ code: 0, signal: null }, ""]);
  const told = JSON.parse(lines[0]!) as {
    rounds: Round[];
    ends: Record<string, number>;
    errors: string[];
  };
  expect(told.errors).toEqual([]);
  expect(told.ends).toEqual({
    "well OK NA": 9_900,
    "crashing ERROR CRASH": 100,
  });
  const [first, ...later] = told.rounds;
  for (const { heap, descriptors, listeners, zombies } of later) {
    expect(zombies).toBe(0);
    expect(descriptors).toBe(first!.descriptors);
    expect(listeners).toBe(first!.listeners);
    // A leak of 10 kB a crash would be 1 MiB by then.
    expect(heap).toBeLessThan(first!.heap + 1.5);
  }
}, 240_000);
