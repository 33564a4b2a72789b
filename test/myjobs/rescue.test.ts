import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";

import type { MyJobs } from "../../src/index.js";
import { freeze } from "../support/freeze.js";
import { Host } from "../support/host.js";
import { endAfterTest, reopen, temporaryFolder } from "../support/instance.js";
import { isAlive, until } from "../support/until.js";

interface Files {
  /** A job writes a line when it begins, and one when it ends. */
  log: string;
  /** It ends when this is there. */
  go: string;
}

function files(): Files & { store: string } {
  const folder = temporaryFolder();
  return {
    store: path.join(folder, "jobs.db"),
    log: path.join(folder, "runs.log"),
    go: path.join(folder, "go"),
  };
}

/** Schedules jobs that go on until they are let go of. */
async function schedule(
  myjobs: MyJobs,
  { log, go, nr }: Files & { nr: number },
): Promise<number[]> {
  const jobs = await myjobs.scheduleMany(
    async ({ log, go }: Files, context) => {
      const { appendFileSync, existsSync } =
        context.require<typeof import("node:fs")>("node:fs");
      const { id, attempt } = context.job;
      const words = `${String(id)} ${String(attempt)}`;
      appendFileSync(log, `${words} begins\n`);
      while (!existsSync(go))
        await new Promise((resolve) => setTimeout(resolve, 10));
      appendFileSync(log, `${words} ends\n`);
      return process.pid;
    },
    Array.from({ length: nr }, () => ({ log, go })),
  );
  return jobs.map(({ id }) => id);
}

function lines({ log }: Files): string[] {
  return existsSync(log)
    ? readFileSync(log, "utf8").split("\n").filter(Boolean).sort()
    : [];
}

/** Starts workers there; gives their pids. */
async function startWorkers(host: Host, nr: number): Promise<number[]> {
  return host.do(async (myjobs, nrFixed) => {
    await myjobs.workersSubprocessStart({ nrFixed });
    return [...myjobs.workers.values()].map(({ pid }) => pid);
  }, nr);
}

function query<Row>(store: string, sql: string): Row[] {
  const db = new Database(store, { readonly: true });
  try {
    return db.prepare<unknown[], Row>(sql).all();
  } finally {
    db.close();
  }
}

function hosts(store: string): number[] {
  return query<{ pid: number }>(store, "select pid from myjobs_host")
    .map(({ pid }) => pid)
    .sort((a, b) => a - b);
}

function locks(store: string): string[] {
  return readdirSync(path.dirname(store)).filter((name) =>
    /-host-[0-9a-f]+$/.test(name),
  );
}

describe("A host that is killed while others live", () => {
  test("is settled by one of them, though nobody asks anything of it: its children are gone, its workers dead, its jobs new", async () => {
    const { store, ...waits } = files();
    const dies = await Host.start({ store });
    const lives = await Promise.all([1, 2].map(() => Host.start({ store })));
    const here = await reopen({ store });
    const children = await startWorkers(dies, 2);
    const ids = await dies.do(schedule, { ...waits, nr: 3 });
    await until("two jobs have begun", () => lines(waits).length === 2);
    await dies.kill();
    await until(
      "its jobs are new",
      async () => (await here.jobs.find({ state: "NEW" })).length === 3,
    );
    await until("its children are gone", () => !children.some(isAlive));
    expect(await here.workersFind()).toMatchObject(
      children.map((pid) => ({
        pid,
        state: "ERROR",
        currentJob: null,
        error: expect.stringMatching(/host/),
      })),
    );
    expect(hosts(store)).not.toContain(dies.pid);
    await until("its lock is gone", () => locks(store).length === 3);

    const runs = await startWorkers(lives[0]!, 2);
    writeFileSync(waits.go, "");
    const jobs = await here.wait(ids);
    expect(jobs.map(({ state, attempt }) => [state, attempt])).toEqual([
      ["OK", 2],
      ["OK", 2],
      ["OK", 1],
    ]);
    for (const { result } of jobs) expect(runs).toContain(result);
    // Each of the three saw the dead host; it counts once.
    const charged = query(
      store,
      "select interruptions as nr from myjobs_job order by id",
    );
    expect(charged).toEqual([{ nr: 1 }, { nr: 1 }, { nr: 0 }]);
    await Promise.all(lives.map((host) => host.stop()));
  });

  test("has its jobs run by the idle workers of those, and who waits for them in another process hears of it", async () => {
    const { store, ...waits } = files();
    const [dies, waiter, runner] = await Promise.all(
      [1, 2, 3].map(() => Host.start({ store })),
    );
    await startWorkers(dies!, 1);
    const [id] = await waiter!.do(schedule, { ...waits, nr: 1 });
    const waiting = waiter!.do(async (myjobs, id) => {
      const [job] = await myjobs.wait([id]);
      return [job!.state, job!.attempt, job!.result];
    }, id!);
    await until("it has begun", () => lines(waits).length === 1);
    const [heir] = await startWorkers(runner!, 1);
    await dies!.kill();
    await until("it has begun again", () => lines(waits).length === 2);
    writeFileSync(waits.go, "");
    expect(await waiting).toEqual(["OK", 2, heir]);
    expect(lines(waits)).toEqual([
      `${String(id)} 1 begins`,
      `${String(id)} 2 begins`,
      `${String(id)} 2 ends`,
    ]);
    await Promise.all([waiter!.stop(), runner!.stop()]);
  });

  test("four times under one job ends that as CRASH, and who waits for it in another process hears of it", async () => {
    const { store } = files();
    const here = await reopen({ store });
    const job = await here.schedule(() =>
      process.kill(process.ppid, "SIGKILL"),
    );
    const waiting = job.wait({ die: false });
    for (let death = 1; death <= 4; death += 1) {
      const host = await Host.start({ store });
      // It may die while it answers.
      await startWorkers(host, 1).catch(() => undefined);
      expect(await host.program.exit).toMatchObject({ signal: "SIGKILL" });
    }
    expect(await waiting).toMatchObject({
      state: "ERROR",
      errorCat: "CRASH",
      attempt: 4,
      error: { name: "InterruptedError" },
    });
  });
});

describe("What a host that died has left", () => {
  test("is settled without harm to whoever has the number of one of its processes by now", async () => {
    const { store, ...waits } = files();
    const dies = await Host.start({ store });
    const [child] = await startWorkers(dies, 1);
    await dies.do(schedule, { ...waits, nr: 1 });
    await until("its job has begun", () => lines(waits).length === 1);
    await dies.kill();
    await until("its child is gone", () => !isAlive(child!));
    // Leaders of their own groups, as its child was. When they started is not what is recorded.
    const strangers = [1, 2].map(() =>
      spawn("sleep", ["1000"], { detached: true, stdio: "ignore" }),
    );
    strangers.forEach(endAfterTest);
    const [asHost, asChild] = strangers.map(({ pid }) => pid!);
    const db = new Database(store);
    db.exec(`update myjobs_host set pid = ${String(asHost)};
      update myjobs_worker set pid = ${String(asChild)}`);
    db.close();
    const here = await reopen({ store });
    expect(await here.jobs.find()).toMatchObject([{ state: "NEW" }]);
    expect(hosts(store)).toEqual([process.pid]);
    expect(await here.workersFind()).toMatchObject([{ state: "ERROR" }]);
    expect([asHost!, asChild!].map(isAlive)).toEqual([true, true]);
    // Nor are they what an order is sent to.
    const [worker] = await here.workersFind();
    await worker!.kill();
    expect([asHost!, asChild!].map(isAlive)).toEqual([true, true]);
  });
});

describe("A host that is stopped by a signal", () => {
  test("is not taken for dead, however often the others look; it goes on where it was, and nothing runs twice", async () => {
    const { store, ...waits } = files();
    const here = await reopen({ store });
    const host = await Host.start({ store });
    const die = await Promise.all([1, 2, 3].map(() => Host.start({ store })));
    const [worker] = await startWorkers(host, 1);
    const [id, behind] = await schedule(here, { ...waits, nr: 2 });
    await until("it runs the first", () => lines(waits).length === 1);
    await freeze(host.pid, store);
    // Each of these was seen to be dead by a look at all hosts.
    for (const one of die) {
      await one.kill();
      await until("it is settled", () => !hosts(store).includes(one.pid));
    }
    expect(hosts(store)).toContain(host.pid);
    expect(isAlive(worker!)).toBe(true);
    const [first, second] = await here.jobs.find();
    expect(first).toMatchObject({ state: "RUNNING", attempt: 1 });
    expect(second).toMatchObject({ state: "NEW" });
    writeFileSync(waits.go, "");
    await until("the first ends in its child", () => lines(waits).length > 1);
    await first!.load();
    expect(first!.state).toBe("RUNNING");

    host.program.child.kill("SIGCONT");
    const jobs = await here.wait([id!, behind!]);
    for (const job of jobs)
      expect(job).toMatchObject({ state: "OK", attempt: 1, result: worker });
    expect(lines(waits)).toEqual([
      `${String(id)} 1 begins`,
      `${String(id)} 1 ends`,
      `${String(behind)} 1 begins`,
      `${String(behind)} 1 ends`,
    ]);
    await host.stop();
  });
});

/** Nobody is in the middle of a commit. */
