import { execFileSync } from "node:child_process";
import path from "node:path";

import { beforeAll, describe, expect, test } from "@jest/globals";
import BetterSqlite3 from "better-sqlite3";

import { reopen, temporaryFolder } from "../support/instance.js";
import { type Program, run } from "../support/program.js";
import { until } from "../support/until.js";

/** As in a container: a pid namespace of its own, in which a shell is the first process and outlives the host. */
const contained = [
  ...["unshare", "--map-root-user", "--pid", "--fork", "--kill-child"],
  ...["--mount-proc", "sh", "-c", '"$@"; sleep 1000', "sh"],
];

/** A host with one worker and one job for it, that tells again and again how all is. */
const host = `
  import { MyJobs } from "myjobs";
  const [store, category, ms] = process.argv.slice(2);
  const myjobs = await MyJobs.open({ store, categories: [category] });
  myjobs.on("error", (error) => console.log(JSON.stringify({ fault: error.stack })));
  await myjobs.workersSubprocessStart({ nrFixed: 1 });
  await myjobs.schedule(async ({ ms }) => {
    const begun = Date.now();
    while (Date.now() - begun < ms);
  }, { ms: Number(ms) }, { category, name: category });
  setInterval(async () => {
    const jobs = await myjobs.jobs.find();
    const workers = await myjobs.workersFind();
    console.log(JSON.stringify({
      pid: process.pid,
      jobs: Object.fromEntries(jobs.map(({ name, state, attempt }) => [name, [state, attempt]])),
      workers: Object.fromEntries(workers.map(({ nr, state, pid }) => [nr, [state, pid]])),
    }));
  }, 50);
`;

interface Told {
  fault?: string;
  pid: number;
  jobs: Record<string, [state: string, attempt: number]>;
  workers: Record<string, [state: string, pid: number]>;
}

function told({ lines }: Program): Told | undefined {
  const last = lines.at(-1);
  return last === undefined ? undefined : (JSON.parse(last) as Told);
}

/** Makes it so that the children have the same pid, and began in the same instant: by chance they might. */
function coincide(store: string): void {
  const db = new BetterSqlite3(store);
  const start = (nr: number): string =>
    db
      .prepare<[number], string>(
        "select pid_start from myjobs_worker where nr = ?",
      )
      .pluck()
      .get(nr)!;
  const [ticks] = start(2).split(" ");
  const [, namespace] = start(1).split(" ");
  db.prepare(
    "update myjobs_worker set pid = (select pid from myjobs_worker where nr = 2), pid_start = ? where nr = 1",
  ).run(`${ticks!} ${namespace!}`);
  db.close();
}

/** The host itself, by the pid that it has out here. */
function hostIn({ child }: Program): number {
  const shell = childrenOf(childrenOf(child.pid!)[0]!);
  return shell[0]!;
}

function childrenOf(pid: number): number[] {
  const table = execFileSync("ps", ["--ppid", String(pid), "-o", "pid="], {
    encoding: "utf8",
  });
  return table.split("\n").filter(Boolean).map(Number);
}

describe("hosts in different pid namespaces", () => {
  beforeAll(() => {
    try {
      execFileSync(contained[0]!, [...contained.slice(1, 6), "true"]);
    } catch (cause) {
      throw new Error(
        "these tests need `unshare` with user and pid namespaces (as root, or where unprivileged ones are allowed)",
        { cause },
      );
    }
  });

  test("are told apart though their pids are equal: one is rescued by the other when it is killed, not before, and nothing else is killed", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const dies = run(host, [store, "dies", "60000"], [], contained);
    await until(
      `the first runs its job ${dies.errors()}`,
      () => told(dies)?.jobs.dies?.[0] === "RUNNING",
    );
    const lives = run(host, [store, "lives", "5000"], [], contained);
    await until(
      `the second runs its job ${lives.errors()}`,
      () => told(lives)?.jobs.lives?.[0] === "RUNNING",
    );
    const [first, second] = [told(dies)!, told(lives)!];
    expect(first.pid).toBe(second.pid);
    expect(second.jobs.dies).toEqual(["RUNNING", 1]);
    coincide(store);

    process.kill(hostIn(dies), "SIGKILL");
    await until(
      "the second settles what the first held",
      () => told(lives)!.jobs.dies?.[0] === "NEW",
    );
    await until(
      "its own job ends",
      () => told(lives)!.jobs.lives?.[0] === "OK",
    );
    expect(told(lives)!.jobs.lives).toEqual(["OK", 1]);
    expect(told(lives)!.workers).toMatchObject({
      1: ["ERROR", expect.any(Number)],
      2: [expect.stringMatching("WAITING|BUSY"), second.workers[2]![1]],
    });
    for (const { child, exit } of [dies, lives]) {
      child.kill("SIGKILL");
      await exit;
    }
    expect(
      [...dies.lines, ...lives.lines].filter((line) => line.includes("fault")),
    ).toEqual([]);
    // What they have left is settled from out here.
    const myjobs = await reopen({ store });
    expect(await myjobs.workersFind({ state: ["WAITING", "BUSY"] })).toEqual(
      [],
    );
  });
});
