import { rmSync, statSync } from "node:fs";

import { expect, test } from "@jest/globals";
import type Database from "better-sqlite3";

import { Checkpoints } from "../../src/store/sqlite/checkpoints.js";
import { Committer } from "../../src/store/sqlite/committer.js";
import { until } from "../support/until.js";
import { database, temporaryFile } from "./support.js";

const page = 4_096;
const text = "x".repeat(page);

interface Length {
  log: number;
  checkpointed: number;
}

function length(db: Database.Database): Length {
  const [row] = db.pragma("wal_checkpoint(noop)") as [Length];
  return row;
}

function all(db: Database.Database): unknown {
  return db.prepare("select count(*) from note").pluck().get();
}

function notes(file: string): {
  db: Database.Database;
  checkpoints: Checkpoints;
  write: () => void;
} {
  const db = database(file);
  db.exec(
    `pragma journal_mode = wal;
     create table if not exists note (text text);
     create table if not exists myjobs_window (nr integer, host integer);`,
  );
  const insert = db.prepare("insert into note values (?)");
  return {
    db,
    checkpoints: new Checkpoints(db, file),
    write: () => void insert.run(text),
  };
}

test("What has gathered in the log is moved by a thread, not by a commit; then the log begins anew", async () => {
  const { db, checkpoints, write } = notes(temporaryFile());
  db.transaction(() => {
    for (let nr = 0; nr < 4_200; nr += 1) write();
  })();
  const before = length(db);
  expect(before.log).toBeGreaterThan(4_200);
  expect(before.checkpointed).toBe(0);
  checkpoints.look();
  // A thread cannot have done it yet.
  expect(length(db)).toEqual(before);
  await until("it is moved", () => length(db).log < 10);
  expect(all(db)).toBe(4_200);
  await checkpoints.close();
  await checkpoints.close();
});

test("A little in the log is left there, and costs no thread", async () => {
  const { db, checkpoints, write } = notes(temporaryFile());
  for (let nr = 0; nr < 1_200; nr += 1) write();
  checkpoints.look();
  await checkpoints.close();
  expect(length(db).checkpointed).toBe(0);
});

test("A log that no commit syncs is written out in portions as it grows, one after another, and from its head when it begins anew", async () => {
  const file = temporaryFile();
  const { db, write } = notes(file);
  const synced: number[] = [];
  let isClosed = false;
  const log = {
    busy: false,
    synced: async () => void synced.push(length(db).log),
    close: async () => void (isClosed = true),
  };
  const checkpoints = new Checkpoints(db, file, log);
  const grow = async (pages: number, portions: number): Promise<void> => {
    for (let nr = 0; nr < pages; nr += 1) write();
    await until("it is looked at", () => {
      checkpoints.look();
      return synced.length >= portions;
    });
  };
  await grow(100, 1);
  await grow(100, 2);
  log.busy = true;
  for (let nr = 0; nr < 100; nr += 1) write();
  const looked = performance.now();
  while (performance.now() < looked + 5) checkpoints.look();
  expect(synced).toHaveLength(2);
  log.busy = false;
  await grow(0, 3);
  await grow(4_000, 4);
  await until("the log begins anew", () => length(db).log < 10);
  await grow(100, 5);
  expect(synced).toHaveLength(5);
  expect(synced[4]).toBeLessThan(1_000);
  await checkpoints.close();
  expect(isClosed).toBe(true);
});

test("While somebody writes on and on, the log begins anew time and again", async () => {
  const { db, checkpoints, write } = notes(temporaryFile());
  // So that nobody but the thread does it.
  db.pragma("wal_autocheckpoint = 0");
  const committer = new Committer(db, "", { checkpoints });
  let [begun, before] = [0, 0];
  while (begun < 3) {
    await committer.run(() => {
      for (let one = 0; one < 10; one += 1) write();
    });
    const { log } = length(db);
    if (log < before) begun += 1;
    before = log;
    expect(log).toBeLessThan(100_000);
  }
  await committer.close();
});

test("Somebody who reads for long holds up a commit only now and then", async () => {
  const file = temporaryFile();
  const { db, checkpoints, write } = notes(file);
  const reader = database(file);
  reader.exec("begin");
  all(reader);
  const pauses = new Set<unknown>();
  // As it finds them when it would commit.
  const watched = {
    get pause() {
      const { pause } = checkpoints;
      if (pause !== undefined) pauses.add(pause);
      return pause;
    },
    look: () => {
      checkpoints.look();
    },
    close: () => checkpoints.close(),
  };
  const committer = new Committer(db, "", { checkpoints: watched });
  const begun = performance.now();
  for (let nr = 0; nr < 1_000; nr += 1) {
    await committer.run(() => {
      for (let one = 0; one < 10; one += 1) write();
    });
  }
  const seconds = (performance.now() - begun) / 1_000;
  // Before the first rest, and after one second, three, seven ...
  expect(pauses.size).toBeLessThanOrEqual(2 + Math.log2(1 + seconds));
  reader.exec("rollback");
  await committer.close();
});

test("However long two write on, the log stays bounded", async () => {
  const file = temporaryFile();
  const writers = [notes(file), notes(file)].map(
    ({ db, checkpoints, write }) => ({
      write,
      committer: new Committer(db, "", { checkpoints }),
    }),
  );
  let most = 0;
  await Promise.all(
    writers.map(async ({ committer, write }) => {
      for (let nr = 0; nr < 8_000; nr += 1) {
        await committer.run(() => {
          for (let one = 0; one < 10; one += 1) write();
        });
        most = Math.max(most, statSync(`${file}-wal`).size / page);
      }
    }),
  );
  // Of 224,000 pages that were written, ten times as fast as jobs write them.
  expect(most).toBeLessThan(120_000);
  for (const { committer } of writers) await committer.close();
});

test("Where the thread cannot live, SQLite moves it within a commit, as it does by default", async () => {
  const file = temporaryFile();
  const { db, checkpoints, write } = notes(file);
  // So the thread finds nothing to open.
  rmSync(file);
  for (let nr = 0; nr < 4_200; nr += 1) write();
  checkpoints.look();
  await until(
    "the thread has given up",
    () => db.pragma("wal_autocheckpoint", { simple: true }) === 1_000,
  );
  write();
  const { log, checkpointed } = length(db);
  expect(checkpointed).toBe(log);
  checkpoints.look();
  await checkpoints.close();
  for (const name of ["wal", "shm"]) rmSync(`${file}-${name}`);
});
