import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

import { describe, expect, test } from "@jest/globals";
import type Database from "better-sqlite3";

import { StoppedError } from "../../src/errors.js";
import { type Beside, Committer } from "../../src/store/sqlite/committer.js";
import type { Part } from "../../src/store/sqlite/operations.js";
import {
  claim,
  claimSome,
  finish,
  newJob,
  scheduleOne,
  worker,
} from "./suite/ground.js";
import { database, open, temporaryFile } from "./support.js";

/** How many transactions the write-ahead log has seen since it was begun: each ends with a frame that tells the size. */
function commits(file: string): number {
  const log = readFileSync(`${file}-wal`);
  const page = log.readUInt32BE(8);
  const salt = log.subarray(16, 24);
  let nr = 0;
  for (let at = 32; at + 24 + page <= log.length; at += 24 + page) {
    const current = log.subarray(at + 8, at + 16).equals(salt);
    if (current && log.readUInt32BE(at + 4) !== 0) nr += 1;
  }
  return nr;
}

/** A file with one table, our connection to it and another one. */
function notes(): {
  file: string;
  db: Database.Database;
  other: Database.Database;
  write: (text: string) => () => string;
  read: () => string[];
} {
  const file = temporaryFile();
  const db = database(file, { timeout: 0 });
  db.exec("pragma journal_mode = wal; create table note (text text not null)");
  const insert = db.prepare("insert into note values (?)");
  const other = database(file, { timeout: 0 });
  const all = other.prepare<[], string>("select text from note").pluck();
  return {
    file,
    db,
    other,
    write: (text) => () => {
      insert.run(text);
      return text;
    },
    read: () => all.all(),
  };
}

/** A disk whose syncs are done when they are called. */
function slowDisk(): {
  log: NonNullable<Beside["log"]>;
  syncs: (() => void)[];
} {
  const syncs: (() => void)[] = [];
  const log = {
    get busy() {
      return syncs.length > 0;
    },
    synced: () => new Promise<void>((resolve) => syncs.push(resolve)),
    close: () => Promise.resolve(),
  };
  return { log, syncs };
}

function fail(): never {
  throw new Error("no");
}

/** Lets the event loop turn, so that whatever does not wait comes about. */
async function turns(nr = 30): Promise<void> {
  for (let turn = 0; turn < nr; turn += 1)
    await new Promise((resolve) => setTimeout(resolve, 1));
}

describe("The operations of one turn", () => {
  test("are one transaction, whatever they are", async () => {
    const file = temporaryFile();
    const store = await open(file);
    const by = await worker(store);
    await scheduleOne(store);
    const held = await claim(store, by);
    const before = commits(file);
    await Promise.all([
      ...Array.from({ length: 20 }, () => store.insertJobs([newJob()])),
      finish(store, held),
      claimSome(store, by, 5, undefined),
      store.updateWorker(by.id, { pid: 1 }),
      store.countJobs({}),
    ]);
    expect(commits(file)).toBe(before + 1);
    await scheduleOne(store);
    await scheduleOne(store);
    expect(commits(file)).toBe(before + 3);
  });

  test("are all to be seen, or none, by another connection", async () => {
    const { db, write, read } = notes();
    const committer = new Committer(db, "");
    const seen: string[][] = [];
    const words = ["one", "two", "three"];
    await Promise.all(
      words.map(async (word) => {
        await committer.run(() => {
          write(word)();
          seen.push(read());
        });
        seen.push(read());
      }),
    );
    expect(seen).toEqual([[], [], [], words, words, words]);
  });

  test("run in the order in which they were asked for, but for those that shall be last", async () => {
    const { db, write, read } = notes();
    const committer = new Committer(db, "");
    const asked = [
      committer.run(write("claim"), { part: "last" }),
      committer.run(write("one")),
      committer.run(write("claim too"), { part: "last" }),
      committer.run(write("two")),
    ];
    expect(await Promise.all(asked)).toEqual([
      "claim",
      "one",
      "claim too",
      "two",
    ]);
    expect(read()).toEqual(["one", "two", "claim", "claim too"]);
  });

  test("run in parts, of which none waits for the whole of another", async () => {
    const { db, write, read } = notes();
    const committer = new Committer(db, "");
    const settled: string[] = [];
    const ask = async (part: Part, text: string): Promise<void> => {
      // Each takes longer than a transaction shall.
      const slowly = (): string => {
        const begun = performance.now();
        while (performance.now() - begun < 12);
        return write(text)();
      };
      settled.push(await committer.run(slowly, { part }));
    };
    await Promise.all([
      ask("between", "one"),
      ask("between", "two"),
      ask("last", "claim"),
      ask("last", "another claim"),
      ask("first", "end"),
      ask("first", "another end"),
    ]);
    expect(read()).toEqual([
      ...["end", "one", "claim"],
      ...["another end", "two", "another claim"],
    ]);
    expect(settled).toEqual(read());
  });

  test("wait for the disk, but for light ones, and not where nothing was written; the loop turns meanwhile", async () => {
    const { db, other, write, read } = notes();
    const { log, syncs } = slowDisk();
    const committer = new Committer(db, "", { log });
    const told: string[] = [];
    const run = (name: string, manner = {}, operation = write(name)): void => {
      void committer.run(operation, manner).then(() => told.push(name));
    };
    run("stored");
    run("light", { light: true });
    await turns();
    expect([told, read()]).toEqual([["light"], ["stored", "light"]]);
    run("alone", { light: true });
    await turns();
    expect(told).toEqual(["light", "alone"]);
    run("read", {}, read as never);
    await turns();
    // It may have read what is not on the disk yet.
    expect(told).toEqual(["light", "alone"]);
    for (const sync of syncs.splice(0)) sync();
    await turns();
    expect(told).toEqual(["light", "alone", "stored", "read"]);
    run("read again", {}, read as never);
    await turns();
    expect(told.at(-1)).toBe("read again");
    other.exec("insert into note values ('theirs')");
    run("read theirs", {}, read as never);
    await turns();
    expect([told.at(-1), syncs.length]).toEqual(["read again", 1]);
    syncs[0]!();
    await turns();
    expect(told.at(-1)).toBe("read theirs");
  });

  test("pause while a checkpoint needs it, and are looked at by it after each commit", async () => {
    const { db, write, read } = notes();
    let resume = (): void => undefined;
    let looks = 0;
    const checkpoints = {
      pause: new Promise<void>((resolve) => (resume = resolve)),
      look: () => (looks += 1),
      close: () => Promise.resolve(),
    };
    const beside: { checkpoints: NonNullable<Beside["checkpoints"]> } = {
      checkpoints,
    };
    const committer = new Committer(db, "", beside);
    const written = committer.run(write("one"));
    const closed = committer.close();
    await turns();
    expect([read(), looks]).toEqual([[], 0]);
    beside.checkpoints = { ...checkpoints, pause: undefined };
    resume();
    expect(await written).toBe("one");
    await closed;
    expect([read(), looks]).toEqual([["one"], 1]);
  });

  test("that could be committed, but not synced, are refused with the reason", async () => {
    const { db, write } = notes();
    const synced = (): Promise<void> =>
      Promise.reject(Object.assign(new Error("no disk"), { code: "EIO" }));
    const log = { busy: false, synced, close: () => Promise.resolve() };
    const committer = new Committer(db, "jobs.db", { log });
    await expect(committer.run(write("one"))).rejects.toMatchObject({
      name: "StoreError",
      fault: "failed",
      message: expect.stringContaining("no disk"),
    });
    // What reads it must not take it for safe.
    await expect(committer.run(() => 1)).rejects.toThrow("no disk");
    await committer.run(write("two"), { light: true });
  });

  test("fail alone, with the reason, and have changed nothing then", async () => {
    const { db, write, read } = notes();
    const committer = new Committer(db, "jobs.db");
    const outcomes = await Promise.allSettled([
      committer.run(write("one")),
      committer.run(() => {
        write("half done")();
        fail();
      }),
      committer.run(write("two")),
      committer.run(() => db.exec("insert into note values (null)")),
      committer.run(write("three"), { part: "last" }),
    ]);
    expect(outcomes).toMatchObject([
      { value: "one" },
      { reason: { name: "StoreError", fault: "failed", store: "jobs.db" } },
      { value: "two" },
      { reason: { cause: { code: "SQLITE_CONSTRAINT_NOTNULL" } } },
      { value: "three" },
    ]);
    expect(read()).toEqual(["one", "two", "three"]);
    expect(db.inTransaction).toBe(false);
  });

  test("that are slow leave the event loop room between them", async () => {
    const { db } = notes();
    const committer = new Committer(db, "");
    const order: string[] = [];
    const slow = (name: string): Promise<void> =>
      committer.run(() => {
        const begun = performance.now();
        while (performance.now() - begun < 20);
        order.push(name);
      });
    const asked = [slow("one"), slow("two"), slow("three")];
    const turn = (): void => {
      order.push("turn");
      if (order.filter((name) => name !== "turn").length < 3)
        setImmediate(turn);
    };
    setImmediate(turn);
    await Promise.all(asked);
    const [one, two, three] = ["one", "two", "three"].map((name) =>
      order.indexOf(name),
    );
    expect(order.slice(one, two)).toContain("turn");
    expect(order.slice(two, three)).toContain("turn");
  });
});

describe("A lock of another program", () => {
  test("is waited for while the event loop goes on", async () => {
    const file = temporaryFile();
    const store = await open(file);
    const source = `
      const db = new (require("better-sqlite3"))(process.argv[1]);
      db.exec("begin immediate");
      console.log("locked");
      process.stdin.once("data", () => { db.exec("commit"); db.close(); process.exit(); });
    `;
    const other = spawn(process.execPath, ["-e", source, file], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(other.stdout, "data");
    let done = false;
    const storing = scheduleOne(store).then((id) => {
      done = true;
      return id;
    });
    await turns();
    expect(done).toBe(false);
    // It is this event loop that has the lock released: had it been held up, we would wait forever.
    other.stdin.write("go\n");
    await once(other, "exit");
    expect(await store.getJobs([await storing])).toHaveLength(1);
  });

  test("that lasts is told to each who waits; after it, all is well again", async () => {
    const { db, other, write, read } = notes();
    const committer = new Committer(db, "jobs.db", {}, 30);
    other.exec("begin immediate");
    const outcomes = await Promise.allSettled([
      committer.run(write("one")),
      committer.run(write("two"), { part: "last" }),
    ]);
    const locked = { name: "StoreError", fault: "locked", store: "jobs.db" };
    expect(outcomes).toMatchObject([{ reason: locked }, { reason: locked }]);
    other.exec("rollback");
    expect(await committer.run(write("three"))).toBe("three");
    expect(read()).toEqual(["three"]);
  });

  test("that comes between a failure and the others of its turn is waited for, too", async () => {
    const { db, other, write, read } = notes();
    const committer = new Committer(db, "");
    let locked = false;
    const outcomes = Promise.allSettled([
      committer.run(write("one")),
      committer.run(() => {
        if (!locked)
          setImmediate(() => {
            other.exec("begin immediate");
          });
        locked = true;
        fail();
      }),
      committer.run(write("two")),
    ]);
    await turns();
    expect(other.inTransaction).toBe(true);
    other.exec("commit");
    expect(await outcomes).toMatchObject([
      { value: "one" },
      { reason: { fault: "failed" } },
      { value: "two" },
    ]);
    expect(read()).toEqual(["one", "two"]);
  });
});

describe("close()", () => {
  test("resolves when all that was asked for has been done or refused, and no sooner", async () => {
    const { db, other, write, read } = notes();
    const committer = new Committer(db, "");
    other.exec("begin immediate");
    const order: string[] = [];
    const asked = [
      committer.run(write("one")).then(() => order.push("one")),
      committer.run(fail).catch(() => order.push("failed")),
      committer
        .run(write("two"), { part: "last" })
        .then(() => order.push("two")),
    ];
    const closing = committer.close().then(() => order.push("closed"));
    await turns();
    expect(order).toEqual([]);
    other.exec("rollback");
    await Promise.all([...asked, closing]);
    expect(order).toEqual(["one", "failed", "two", "closed"]);
    expect(read()).toEqual(["one", "two"]);
  });

  test("takes nothing more, and resolves at once when nothing was asked for", async () => {
    const { db, write, read } = notes();
    const committer = new Committer(db, "");
    await committer.close();
    await expect(committer.run(write("late"))).rejects.toThrow(StoppedError);
    await committer.close();
    expect(read()).toEqual([]);
  });

  test("resolves when what was asked for cannot be done", async () => {
    const { db, other, write } = notes();
    const committer = new Committer(db, "", {}, 30);
    other.exec("begin immediate");
    const asked = committer.run(write("one"));
    const outcomes = await Promise.allSettled([asked, committer.close()]);
    expect(outcomes).toMatchObject([
      { reason: { fault: "locked" } },
      { status: "fulfilled" },
    ]);
    other.exec("rollback");
  });
});
