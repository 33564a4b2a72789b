/**
 * The five numbers that nobody publishes: how long it takes until a killed child's job is settled, a killed
 * host's job runs again, a job over its limit is gone; how late the host's event loop is under load; and
 * what 1,000,000 jobs leave in memory. Usage: npm run bench -- five [rounds]
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";

import type { MyJobs } from "../../src/index.js";
import { build, index, inFolder, openBuilt, program } from "./built.js";
import {
  machine,
  median,
  print,
  quantile,
  type Row,
  sleep,
} from "./figures.js";

const rounds = Number(process.argv[2] ?? 20);

build();
const rows: Row[] = [];
add("SIGKILL of a child: its job is settled", await childKilled());
add(
  "SIGKILL of the host: its job runs again at another",
  await hostKilled("another"),
);
add(
  "the same: at one that is opened after it, from its open",
  await hostKilled("next"),
);
for (const killGrace of [1_000, 100, 0])
  add(
    `limit, busy loop, killGrace ${String(killGrace)}: process gone`,
    await overLimit(killGrace),
  );
print(`Times in ms, ${String(rounds)} rounds; ${machine()}`, rows);
print(
  "Event loop delay of the host in ms, no-op jobs at full speed for 10 s, 2 workers",
  [
    await loopDelay(undefined),
    await loopDelay("full"),
    await loopDelay("normal"),
  ],
);
print("Memory in MiB, 2 workers", await flat());

function add(what: string, times: readonly number[]): void {
  rows.push({
    what,
    median: median(times),
    p90: quantile(times, 0.9),
    most: Math.max(...times),
  });
}

function childKilled(): Promise<number[]> {
  return inFolder(async (folder) => {
    const myjobs = await openBuilt({ store: path.join(folder, "jobs.db") });
    await myjobs.workersSubprocessStart({ nrFixed: 2 });
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const job = await myjobs.schedule(() => {
        for (;;);
      });
      const pid = await pidOf(myjobs, job.id);
      await sleep(50);
      const begun = performance.now();
      process.kill(pid, "SIGKILL");
      await job.wait({ die: false });
      times.push(performance.now() - begun);
    }
    await myjobs.stop();
    return times;
  });
}

async function hostKilled(by: "another" | "next"): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const time = await inFolder(async (folder) => {
      const store = path.join(folder, "jobs.db");
      const notes = path.join(folder, "starts");
      const starts = (): number[] =>
        existsSync(notes)
          ? readFileSync(notes, "utf8").trim().split("\n").map(Number)
          : [];
      const host = spawn(
        process.execPath,
        [program("victim.mjs"), index, store, notes],
        { stdio: "inherit" },
      );
      await until(() => starts().length === 1);
      let myjobs: MyJobs | undefined;
      if (by === "another") myjobs = await started(store);
      await sleep(100 * Math.random());
      const exited = once(host, "exit");
      let begun = Date.now();
      host.kill("SIGKILL");
      if (by === "next") {
        await exited;
        begun = Date.now();
        myjobs = await started(store);
      }
      await until(() => starts().length === 2);
      await exited;
      await myjobs?.stop();
      return starts()[1]! - begun;
    });
    times.push(time);
  }
  return times;
}

async function started(store: string): Promise<MyJobs> {
  const myjobs = await openBuilt({ store });
  await myjobs.workersSubprocessStart({ nrFixed: 1 });
  return myjobs;
}

function overLimit(killGrace: number): Promise<number[]> {
  return inFolder(async (folder) => {
    const store = path.join(folder, "jobs.db");
    const myjobs = await openBuilt({ store, killGrace });
    await myjobs.workersSubprocessStart({ nrFixed: 2 });
    const times: number[] = [];
    for (let round = 0; round < Math.min(rounds, 10); round += 1) {
      const timeout = 100;
      const begun = await new Promise<{ at: number; pid: number }>(
        (resolve, reject) => {
          myjobs
            .schedule(
              () => {
                for (;;);
              },
              {},
              { timeout },
            )
            .then(async ({ id }) => {
              const pid = await pidOf(myjobs, id);
              resolve({ at: performance.now(), pid });
            })
            .catch(reject);
        },
      );
      await until(() => !existsSync(`/proc/${String(begun.pid)}`), 1);
      times.push(performance.now() - begun.at - timeout);
      await until(
        () =>
          [...myjobs.workers.values()].filter(
            ({ state }) => state === "WAITING",
          ).length === 2,
      );
    }
    await myjobs.stop();
    return times;
  });
}

function loopDelay(durability: "full" | "normal" | undefined): Promise<Row> {
  return inFolder(async (folder) => {
    const store = path.join(folder, "jobs.db");
    const myjobs = await openBuilt({
      store,
      durability: durability ?? "full",
    });
    await myjobs.workersSubprocessStart({ nrFixed: 2 });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const noop = ({ nr }: { nr: number }): number => nr;
    const until = performance.now() + 10_000;
    let done = 0;
    delay.enable();
    const one = async (): Promise<void> => {
      while (performance.now() < until) {
        const job = await myjobs.schedule(noop, { nr: done });
        await job.wait();
        done += 1;
      }
    };
    if (durability === undefined) await sleep(10_000);
    else await Promise.all(Array.from({ length: 1_000 }, one));
    delay.disable();
    await myjobs.stop();
    return {
      jobs: durability ?? "none",
      "jobs/s": done / 10,
      median: delay.percentile(50) / 1e6,
      p99: delay.percentile(99) / 1e6,
      most: delay.max / 1e6,
    };
  });
}

function flat(): Promise<Row[]> {
  return inFolder(async (folder) => {
    const lines = execFileSync(
      process.execPath,
      [
        "--expose-gc",
        program("memory.mjs"),
        index,
        path.join(folder, "jobs.db"),
        "1000000",
      ],
      { encoding: "utf8" },
    );
    interface Line {
      jobs: number;
      heap: number;
      host: number;
      children: number[];
    }
    const all = lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    return [all[0]!, all[9]!, all[99]!].map(
      ({ jobs, heap, host, children }) => ({
        "after jobs": jobs,
        "host, reachable": heap,
        "host, process": host,
        "a child": median(children),
      }),
    );
  });
}

/** The process of the worker that runs a job, once it does. */
async function pidOf(myjobs: MyJobs, job: number): Promise<number> {
  let pid = 0;
  await until(() => {
    const holder = [...myjobs.workers.values()].find(
      ({ currentJob }) => currentJob === job,
    );
    pid = holder?.pid ?? 0;
    return pid !== 0;
  }, 1);
  return pid;
}

async function until(condition: () => boolean, pause = 2): Promise<void> {
  const limit = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > limit) throw new Error("it takes too long");
    await sleep(pause);
  }
}
