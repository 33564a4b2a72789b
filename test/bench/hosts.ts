/**
 * How long a job takes that one process schedules and another runs: from schedule() to its start there,
 * and from there until the wait() here resolves. Each round begins at rest, when nobody looks oftener
 * than at leisure. Usage: npm run bench -- hosts [rounds]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { inFolder, openBuilt } from "./built.js";
import { machine, print, quantile, type Row } from "./figures.js";

/** Other processes on the store, and how many workers each has. */
const others: Record<string, number[]> = {
  "one worker's host": [1],
  "it and 3 without workers": [1, 0, 0, 0],
  "it and 3 more like it": [1, 1, 1, 1],
};

interface Times {
  started: number[];
  heard: number[];
}

/** Milliseconds of a clock that all processes of the machine share. */
function clock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

async function serve(store: string, nr: number): Promise<void> {
  const myjobs = await openBuilt({ store });
  if (nr > 0) await myjobs.workersSubprocessStart({ nrFixed: nr });
  process.send?.("ready");
  await once(process, "disconnect");
  await myjobs.stop();
}

async function measure(
  folder: string,
  workers: number[],
  rounds: number,
): Promise<Times> {
  const store = path.join(folder, "jobs.db");
  const myjobs = await openBuilt({ store });
  const hosts = await Promise.all(workers.map((nr) => host(store, nr)));
  const times: Times = { started: [], heard: [] };
  for (let round = -5; round < rounds; round += 1) {
    await new Promise((resolve) =>
      setTimeout(resolve, 60 + 100 * Math.random()),
    );
    const begun = clock();
    const job = await myjobs.schedule(
      () => Number(process.hrtime.bigint()) / 1e6,
    );
    await job.wait();
    const heard = clock();
    if (round < 0) continue; // the first ones warm up
    times.started.push(job.result! - begun);
    times.heard.push(heard - job.result!);
  }
  await Promise.all(hosts.map(leave));
  await myjobs.stop();
  return times;
}

async function host(store: string, nr: number): Promise<ChildProcess> {
  const child = fork(fileURLToPath(import.meta.url), [store, String(nr)]);
  await once(child, "message");
  return child;
}

async function leave(child: ChildProcess): Promise<void> {
  child.disconnect();
  await once(child, "exit");
}

if (process.send === undefined) {
  const rounds = Number(process.argv[2] ?? 200);
  const rows: Row[] = [];
  for (const [what, workers] of Object.entries(others)) {
    const { started, heard } = await inFolder((folder) =>
      measure(folder, workers, rounds),
    );
    rows.push({
      "other processes": what,
      "start, p50 ms": quantile(started, 0.5),
      p99: quantile(started, 0.99),
      "end heard, p50": quantile(heard, 0.5),
      "its p99": quantile(heard, 0.99),
    });
  }
  print(`${String(rounds)} rounds each, from rest; ${machine()}`, rows);
} else {
  await serve(process.argv[2]!, Number(process.argv[3]));
}
