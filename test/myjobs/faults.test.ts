import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";

import { MyJobs, StoreError } from "../../src/index.js";
import { Gate, ungated, waits } from "../support/gate.js";
import { Host } from "../support/host.js";
import { open, reopen, temporaryFolder } from "../support/instance.js";
import { until } from "../support/until.js";

async function fault(store: string): Promise<unknown> {
  const error = await MyJobs.open({ store }).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(StoreError);
  expect((error as StoreError).message).toContain(store);
  return (error as StoreError).fault;
}

/** Runs a user's script where a folder is a file system of its own: `mount` is the mount's arguments. */
function inMount(
  folder: string,
  mount: string,
  script: string,
): { lines: string[]; errors: string } {
  const file = path.join(temporaryFolder(), "script.mts");
  const index = pathToFileURL(path.resolve("src/index.ts")).href;
  writeFileSync(file, script.replace(`"myjobs"`, JSON.stringify(index)));
  const loader = pathToFileURL(
    createRequire(path.resolve("package.json")).resolve("tsx"),
  ).href;
  const command = `mount ${mount} "$0" && exec "$1" --import "$2" "$3" "$0"`;
  const { stdout, stderr } = spawnSync(
    "unshare",
    ["--mount", "sh", "-c", command, folder, process.execPath, loader, file],
    { encoding: "utf8", timeout: 50_000 },
  );
  return { lines: stdout.split("\n").filter(Boolean), errors: stderr };
}

describe("opening", () => {
  test("a file that is no database says so, and leaves it as it is", async () => {
    const store = path.join(temporaryFolder(), "notes.txt");
    const text = "These are my notes. ".repeat(100);
    writeFileSync(store, text);
    expect(await fault(store)).toBe("not-a-database");
    expect(readFileSync(store, "utf8")).toBe(text);
  });

  test("a corrupt file says so, and leaves it as it is", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    await (await reopen({ store })).stop();
    const bytes = readFileSync(store);
    bytes.fill(0xff, 100, 4_000);
    writeFileSync(store, bytes);
    expect(await fault(store)).toBe("corrupt");
    expect(readFileSync(store).equals(bytes)).toBe(true);
  });

  test("a store of a newer version says so, and leaves it as it is", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    await (await reopen({ store })).stop();
    const db = new Database(store);
    db.exec("update myjobs_schema set version = 99");
    db.close();
    const bytes = readFileSync(store);
    expect(await fault(store)).toBe("newer-schema");
    expect(readFileSync(store).equals(bytes)).toBe(true);
  });

  test("a file in a folder that is not there says so, and makes none", async () => {
    const folder = path.join(temporaryFolder(), "absent");
    expect(await fault(path.join(folder, "jobs.db"))).toBe("missing");
    expect(() => statSync(folder)).toThrow();
  });

  test("a folder says so", async () => {
    const folder = path.join(temporaryFolder(), "folder.db");
    mkdirSync(folder);
    expect(await fault(folder)).toBe("not-a-database");
  });

  test("a read-only file system says so, and leaves the file as it is", async () => {
    const folder = temporaryFolder();
    const store = path.join(folder, "jobs.db");
    await (await reopen({ store })).stop();
    const bytes = readFileSync(store);
    const { lines, errors } = inMount(
      folder,
      '--bind -o ro "$0"',
      `
      import { MyJobs } from "myjobs";
      for (const name of ["jobs.db", "new.db"]) {
        const error = await MyJobs.open({ store: process.argv[2] + "/" + name }).catch((error) => error);
        console.log(error.name, error.fault);
      }
      `,
    );
    expect({ lines, errors }).toEqual({
      lines: ["StoreError read-only", "StoreError read-only"],
      errors: "",
    });
    expect(readFileSync(store).equals(bytes)).toBe(true);
  });

  test("makes a file that only its owner may read", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    await reopen({ store });
    for (const suffix of ["", "-wal", "-shm"])
      expect(statSync(store + suffix).mode & 0o777).toBe(0o600);
  });

  test("leaves the mode, and the tables, of a file that was there", async () => {
    const store = path.join(temporaryFolder(), "service.db");
    const db = new Database(store);
    db.exec(
      "create table job (id integer); insert into job values (1); pragma application_id = 77; pragma user_version = 5",
    );
    db.close();
    chmodSync(store, 0o640);
    const myjobs = await reopen({ store });
    await myjobs.schedule(() => 1);
    await myjobs.stop();
    const after = new Database(store);
    expect(after.prepare("select id from job").pluck().all()).toEqual([1]);
    expect(after.pragma("application_id", { simple: true })).toBe(77);
    expect(after.pragma("user_version", { simple: true })).toBe(5);
    after.close();
    expect(statSync(store).mode & 0o777).toBe(0o640);
  });
});

describe("a full disk", () => {
  test("refuses what does not fit, keeps what was accepted, and goes on when there is room", async () => {
    const folder = temporaryFolder();
    const { lines, errors } = inMount(
      folder,
      "-t tmpfs -o size=3m tmpfs",
      `
      import { rmSync, writeFileSync } from "node:fs";
      import { MyJobs } from "myjobs";
      const folder = process.argv[2];
      const myjobs = await MyJobs.open({ store: folder + "/jobs.db" });
      const faults = new Set();
      myjobs.on("error", (error) => faults.add(error.fault));
      const kept = await myjobs.schedule(() => 1);
      writeFileSync(folder + "/ballast", Buffer.alloc(2_000_000));
      let accepted = 1;
      let refused;
      while (refused === undefined) {
        await myjobs.schedule(({ text }) => text.length, { text: "x".repeat(20_000) }).then(() => (accepted += 1), (error) => (refused = error));
      }
      console.log(refused.name, refused.fault);
      console.log(accepted === (await myjobs.jobs.count()));
      rmSync(folder + "/ballast");
      await myjobs.schedule(() => 2);
      await myjobs.workerStart();
      await kept.wait();
      console.log(kept.result, (await myjobs.wait()).every(({ state }) => state === "OK"));
      await myjobs.stop();
      `,
    );
    expect({ lines, errors }).toEqual({
      lines: ["StoreError disk-full", "true", "1 true"],
      errors: "",
    });
  });
});

describe("a file that is taken away while it is open", () => {
  const ways: Record<string, (store: string) => void> = {
    removed: (store) => {
      for (const suffix of ["", "-wal", "-shm"])
        rmSync(store + suffix, { force: true });
    },
    moved: (store) => renameSync(store, `${store}.old`),
    replaced: (store) => {
      copyFileSync(store, `${store}.old`);
      renameSync(`${store}.old`, store);
    },
  };

  test.each(Object.entries(ways))(
    "(%s) accepts nothing more, and says why; stop() leaves nothing behind",
    async (_, takeAway) => {
      const store = path.join(temporaryFolder(), "jobs.db");
      const myjobs = await MyJobs.open({ store });
      await myjobs.schedule(() => 1);
      takeAway(store);
      const gone = { name: "StoreError", fault: "gone", store };
      await expect(myjobs.schedule(() => 2)).rejects.toMatchObject(gone);
      await expect(myjobs.jobs.count()).rejects.toMatchObject(gone);
      await expect(myjobs.stop()).rejects.toMatchObject(gone);
      // The log belongs to a file that is elsewhere: SQLite leaves it, and so do we.
      for (const suffix of ["-wal", "-shm"])
        rmSync(store + suffix, { force: true });
    },
  );

  test("takes jobs again once it is back; that it is gone is told meanwhile, and what ended then is not lost", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const myjobs = await reopen({ store });
    const faults: unknown[] = [];
    myjobs.on("error", (error) => faults.push("fault" in error && error.fault));
    await myjobs.workerStart();
    const gate = new Gate();
    const job = await myjobs.schedule(waits, gate.kwargs);
    await gate.reached();
    renameSync(store, `${store}.old`);
    gate.open();
    await until(
      "it has ended",
      () => myjobs.workers.get(1)?.state === "WAITING",
    );
    await until("it is told", () => faults.includes("gone"));
    renameSync(`${store}.old`, store);
    await job.wait();
    expect((await (await myjobs.schedule(() => 2)).wait()).result).toBe(2);
  });
});

describe("a write-ahead log that is damaged", () => {
  test("under way is told as corrupt to whoever reads it, in calls and events; nobody crashes, and stop() ends", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const myjobs = await MyJobs.open({ store });
    const other = await MyJobs.open({ store });
    const faults: unknown[] = [];
    for (const one of [myjobs, other])
      one.on("error", (error) => faults.push(error));
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const jobs = await myjobs.scheduleMany(
      ({ n }: { n: number }) => n,
      Array.from({ length: 500 }, (_, n) => ({ n })),
    );
    await myjobs.wait(jobs);
    const log = `${store}-wal`;
    const file = openSync(log, "r+");
    writeSync(file, Buffer.alloc(statSync(log).size, 0xa5));
    closeSync(file);
    const corrupt = { name: "StoreError", fault: "corrupt", store };
    await expect(other.jobs.find()).rejects.toMatchObject(corrupt);
    await expect(other.schedule(() => 1)).rejects.toMatchObject(corrupt);
    const stopped = await Promise.allSettled([other.stop(), myjobs.stop()]);
    for (const one of [...stopped.flatMap(reasonOf), ...faults])
      expect(one).toMatchObject(corrupt);
    // SQLite has moved the log into the file without a look at it.
    expect(["corrupt", "not-a-database"]).toContain(await fault(store));
  });

  test("when nobody has it open holds all jobs up to the damage", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const host = await Host.start({ store });
    const ids = await host.do(async (myjobs, nr) => {
      const ids: number[] = [];
      while (ids.length < nr) ids.push((await myjobs.schedule(() => 1)).id);
      return ids;
    }, 60);
    await host.kill();
    const log = `${store}-wal`;
    const file = openSync(log, "r+");
    writeSync(
      file,
      Buffer.of(0xa5),
      0,
      1,
      Math.floor(0.7 * statSync(log).size),
    );
    closeSync(file);
    const myjobs = await reopen({ store });
    const left = (await myjobs.jobs.find()).map(({ id }) => id);
    expect(left).toEqual(ids.slice(0, left.length));
    expect(left.length).toBeGreaterThan(10);
    expect(left.length).toBeLessThan(60);
    await myjobs.workerStart();
    const job = await myjobs.schedule(() => "it goes on");
    expect((await job.wait()).result).toBe("it goes on");
  });
});

function reasonOf(settled: PromiseSettledResult<unknown>): unknown[] {
  return settled.status === "rejected" ? [settled.reason] : [];
}

describe("a file that another program keeps locked", () => {
  test("is waited for without holding up the event loop", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const myjobs = await reopen({ store });
    const other = new Database(store);
    other.exec("begin immediate");
    let scheduled = false;
    const scheduling = myjobs
      .schedule(() => 5)
      .then((job) => {
        scheduled = true;
        return job;
      });
    let turns = 0;
    await until(
      "the event loop has turned a hundred times",
      () => (turns += 1) > 100,
    );
    expect(scheduled).toBe(false);
    other.exec("commit");
    other.close();
    await myjobs.workerStart();
    expect((await (await scheduling).wait()).result).toBe(5);
  });

  test("for longer than the store waits (30 s) is told as locked, to calls and of what goes on behind; then all goes on", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const myjobs = await reopen({ store });
    const faults: unknown[] = [];
    myjobs.on("error", (error) => faults.push("fault" in error && error.fault));
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const gate = new Gate();
    const list = [gate.kwargs, ungated];
    const [slow, behind] = await myjobs.scheduleMany(waits, list);
    await gate.reached();
    const other = new Database(store);
    other.exec("begin immediate");
    gate.open();
    const refusals = await Promise.allSettled([
      myjobs.schedule(() => 1),
      myjobs.schedule(() => 2),
    ]);
    expect(refusals.flatMap(reasonOf)).toMatchObject([
      { name: "StoreError", fault: "locked" },
      { name: "StoreError", fault: "locked" },
    ]);
    await until("the end of the job is told", () => faults.includes("locked"));
    other.exec("commit");
    other.close();
    const results = await myjobs.results([slow!, behind!]);
    expect(results).toEqual(["passed", "passed"]);
    expect(slow!.attempt).toBe(1);
    expect(await myjobs.jobs.count()).toBe(2);
    expect((await (await myjobs.schedule(() => 3)).wait()).result).toBe(3);
  }, 60_000);
});

test("an action that somebody has deleted fails its own jobs alone", async () => {
  const store = path.join(temporaryFolder(), "jobs.db");
  const first = await reopen({ store });
  const lost = await first.schedule(() => "lost");
  const kept = await first.schedule(() => "kept");
  await first.stop();
  const db = new Database(store);
  db.prepare("delete from myjobs_action where id = ?").run(lost.actionId);
  db.close();
  const myjobs = await reopen({ store });
  await myjobs.workersSubprocessStart({ nrFixed: 1 });
  const [found, other] = await myjobs.wait([lost.id, kept.id], { die: false });
  expect(found).toMatchObject({
    errorCat: "ERROR",
    error: {
      name: "ActionError",
      message: `the action of job ${String(lost.id)}, ${String(lost.actionId)}, is not in the store`,
    },
  });
  expect(other!.result).toBe("kept");
});

test("one bad call in a turn fails alone", async () => {
  const myjobs = await open();
  const outcomes = await Promise.allSettled([
    myjobs.schedule(() => 1),
    myjobs.schedule(() => 1, {}, { dependencies: [99] }),
    myjobs.schedule(() => 1),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  expect(await myjobs.jobs.count()).toBe(2);
});
