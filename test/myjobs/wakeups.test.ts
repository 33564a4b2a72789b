import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";

import type { MyJobs } from "../../src/index.js";
import { Host } from "../support/host.js";
import { reopen, temporaryFolder } from "../support/instance.js";
import { until } from "../support/until.js";

function pid(): number {
  return process.pid;
}

/** Gives the pid that ran a job which this process has scheduled and waited for. */
async function roundTrip(myjobs: MyJobs): Promise<number> {
  const job = await myjobs.schedule(() => process.pid);
  return (await job.wait()).result!;
}

/** Starts a worker there; gives its pid. */
async function startWorker(host: Host): Promise<number> {
  return host.do(async (myjobs) => {
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    return [...myjobs.workers.values()][0]!.pid;
  }, null);
}

describe("A job that is scheduled in a process without workers", () => {
  test("is run by the idle worker of another, and its wait resolves, with everything that either process is told of it", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const here = await reopen({ store });
    const there = await Host.start({ store });
    const worker = await startWorker(there);
    await there.do((myjobs) => {
      const told: [string, number][] = [];
      Object.assign(globalThis, { told });
      for (const event of ["scheduled", "started", "ended"] as const)
        myjobs.on(event, ({ id }) => told.push([event, id]));
    }, null);
    const ids: number[] = [];
    for (let round = 0; round < 100; round += 1) {
      const job = await here.schedule(pid);
      await job.wait();
      expect(job).toMatchObject({ state: "OK", attempt: 1, result: worker });
      ids.push(job.id);
    }
    const told = (): Promise<[string, number][]> =>
      there.do(
        () => (globalThis as unknown as { told: [string, number][] }).told,
        null,
      );
    await until("all is told", async () => (await told()).length === 200);
    expect(await told()).toEqual(
      ids.flatMap((id) => [
        ["started", id],
        ["ended", id],
      ]),
    );
    await there.stop();
  });

  test("is started once, however many idle workers of other processes are woken up by it", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const here = await reopen({ store });
    const hosts = await Promise.all([1, 2, 3].map(() => Host.start({ store })));
    const workers = await Promise.all(hosts.map(startWorker));
    const log = path.join(temporaryFolder(), "runs.log");
    const ids: string[] = [];
    for (let round = 0; round < 100; round += 1) {
      const job = await here.schedule(
        ({ log }: { log: string }, context) => {
          const { appendFileSync } =
            context.require<typeof import("node:fs")>("node:fs");
          const { id, attempt } = context.job;
          appendFileSync(log, `${String(id)} ${String(attempt)}\n`);
          return process.pid;
        },
        { log },
      );
      await job.wait();
      expect(workers).toContain(job.result);
      ids.push(String(job.id));
    }
    expect(readFileSync(log, "utf8")).toBe(
      ids.map((id) => `${id} 1\n`).join(""),
    );
    await Promise.all(hosts.map((host) => host.stop()));
  });
});

describe("The processes on a store", () => {
  test("hear of each other whoever of them opened it first, and though its log is removed when the last one closes", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const here = await reopen({ store });
    const later = await Host.start({ store });
    const worker = await startWorker(later);
    expect(await roundTrip(here)).toBe(worker);
    await here.stop();
    const back = await reopen({ store });
    expect(await roundTrip(back)).toBe(worker);
    const third = await Host.start({ store });
    expect(await third.do(roundTrip, null)).toBe(worker);
    await Promise.all([back.stop(), third.stop(), later.stop()]);
    expect(existsSync(`${store}-wal`)).toBe(false);

    const again = await Host.start({ store });
    const next = await startWorker(again);
    const last = await reopen({ store });
    expect(await roundTrip(last)).toBe(next);
    await again.stop();
    // The first of these connections has closed; the log is the same, and so is who watches it.
    const heir = await Host.start({ store });
    const waiting = roundTrip(last);
    const heirs = await startWorker(heir);
    expect(await waiting).toBe(heirs);
    expect(await roundTrip(last)).toBe(heirs);
    await heir.stop();
  });
});
