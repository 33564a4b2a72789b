import path from "node:path";

import { describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";

import type { MyJobs } from "../../src/index.js";
import { Host } from "../support/host.js";
import { reopen, temporaryFolder } from "../support/instance.js";
import { apart, pidHere } from "../support/namespace.js";
import { isAlive, until } from "../support/until.js";

/** Gives the pid, as it knows it, that ran a job which this process has scheduled and waited for. */
async function roundTrip(myjobs: MyJobs): Promise<number> {
  const job = await myjobs.schedule(() => process.pid);
  return (await job.wait()).result!;
}

/** Schedules a job that never ends the first time. */
async function hang(myjobs: MyJobs): Promise<number> {
  const job = await myjobs.schedule((_: object, { job }) => {
    for (; job.attempt === 1;);
    return process.pid;
  });
  return job.id;
}

function ownWorkers(myjobs: MyJobs): number[] {
  return [...myjobs.workers.values()].map(({ pid }) => pid);
}

async function startWorker(host: Host): Promise<number> {
  await host.do((myjobs) => myjobs.workersSubprocessStart({ nrFixed: 1 }), 0);
  return (await host.do(ownWorkers, 0))[0]!;
}

/** Kills the host alone, as seen from here: what else is in its namespace goes on. */
function killHost(host: Host): void {
  process.kill(pidHere(host.program.child.pid!, host.pid), "SIGKILL");
}

interface Row {
  id: number;
  pid: number;
  pidStart: string;
}

const columns = "id, pid, pid_start as pidStart";

function database<T>(store: string, act: (db: Database.Database) => T): T {
  const db = new Database(store);
  try {
    return act(db);
  } finally {
    db.close();
  }
}

function hosts(store: string): Row[] {
  return database(store, (db) =>
    db.prepare<[], Row>(`select ${columns} from myjobs_host order by id`).all(),
  );
}

function running(store: string): number {
  return database(store, (db) =>
    db
      .prepare<[], number>(
        "select count(*) from myjobs_job where state = 'RUNNING'",
      )
      .pluck()
      .get()!,
  );
}

describe("Hosts in pid namespaces of their own, on one store", () => {
  test("have one pid and are not taken for each other: they run each other's jobs, and one that is killed is settled by the others, who live on", async () => {
    const inside = apart();
    const store = path.join(temporaryFolder(), "jobs.db");
    const [dies, one, two] = await Promise.all(
      [1, 2, 3].map(() => Host.start({ store }, inside)),
    );
    const here = await reopen({ store });
    const rows = hosts(store);
    expect(rows.map(({ pid }) => pid)).toEqual([
      dies!.pid,
      dies!.pid,
      dies!.pid,
      process.pid,
    ]);
    expect(
      new Set(rows.map(({ pidStart }) => pidStart.split(" ")[1])).size,
    ).toBe(4);

    const child = await startWorker(dies!);
    expect(await one!.do(roundTrip, 0)).toBe(child);
    expect(
      await here.schedule(() => 1).then((job) => job.wait()),
    ).toMatchObject({ state: "OK" });
    const id = await two!.do(hang, 0);
    await until("it runs", () => running(store) === 1);
    const childHere = pidHere(dies!.program.child.pid!, child);
    expect(isAlive(childHere)).toBe(true);
    killHost(dies!);
    await until(
      "its job is new",
      async () => (await here.jobs.get(id)).state === "NEW",
    );
    await until("its child is gone", () => !isAlive(childHere));
    expect(
      (await here.workersFind()).map(({ pid, state }) => [pid, state]),
    ).toEqual([[child, "ERROR"]]);
    expect(hosts(store)).toHaveLength(3);

    const heir = await startWorker(one!);
    const [job] = await here.wait([id]);
    expect(job).toMatchObject({ state: "OK", attempt: 2, result: heir });
    expect(await two!.do(roundTrip, 0)).toBe(heir);
    await Promise.all([one!.stop(), two!.stop()]);
  });

  test("that dies is told from a live one of the same pid and start in another namespace; and so are its children, which are no reason to kill that one's", async () => {
    const inside = apart();
    const store = path.join(temporaryFolder(), "jobs.db");
    const dies = await Host.start({ store }, inside);
    const lives = await Host.start({ store }, inside);
    await startWorker(dies);
    const id = await dies.do(hang, 0);
    await until("it runs", () => running(store) === 1);
    const worker = await startWorker(lives);

    // Chance would bring it about one day: here by force.
    database(store, (db) => {
      for (const table of ["host", "worker"]) {
        const [dead, live] = db
          .prepare<[], Row>(
            `select ${columns} from myjobs_${table} order by id`,
          )
          .all();
        const [time] = live!.pidStart.split(" ");
        const start = dead!.pidStart.replace(/^\d+/, time!);
        db.prepare(
          `update myjobs_${table} set pid = ?, pid_start = ? where id = ?`,
        ).run(live!.pid, start, dead!.id);
      }
    });
    killHost(dies);
    await until("it is settled", () => hosts(store).length === 1);
    const [job] = await lives.do(async (myjobs, id) => {
      const jobs = await myjobs.wait([id]);
      return jobs.map(({ attempt, result }) => ({ attempt, result }));
    }, id);
    expect(job).toEqual({ attempt: 2, result: worker });
    expect(await lives.do(ownWorkers, 0)).toEqual([worker]);
    expect(await lives.do(roundTrip, 0)).toBe(worker);
    await lives.stop();
  });
});
