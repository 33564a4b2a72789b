import { existsSync } from "node:fs";

import {
  afterEach,
  beforeEach,
  describe,
  expect,
  jest,
  test,
} from "@jest/globals";
import type Database from "better-sqlite3";

import type * as Clock from "../../src/clock.js";
import type { Changes } from "../../src/store/sqlite/changes.js";
import { until } from "../support/until.js";
import { database, temporaryFile } from "./support.js";

/** What stands behind the wake-ups would hide that one was missed: here it comes only when it is told to. */
let poll: (() => void) | undefined;
/** The looks that are yet to come after a write. */
const looks = new Set<NodeJS.Timeout>();
const listening: Changes[] = [];

async function listen(
  db: Database.Database,
  file: string,
): Promise<{ heard: number }> {
  const { Changes } = await import("../../src/store/sqlite/changes.js");
  const changes = new Changes(db, file);
  listening.push(changes);
  const told = { heard: 0 };
  changes.listen(() => (told.heard += 1));
  return told;
}

beforeEach(() => {
  jest.resetModules();
  jest.doMock("../../src/clock.js", () => ({
    ...jest.requireActual<typeof Clock>("../../src/clock.js"),
    setInterval: (callback: () => void) => {
      poll = callback;
      return setTimeout(() => undefined, 0);
    },
    setTimeout: (callback: () => void, ms: number) => {
      const look = setTimeout(() => {
        looks.delete(look);
        callback();
      }, ms);
      looks.add(look);
      return look;
    },
    clearTimeout: (look: NodeJS.Timeout | undefined) => {
      clearTimeout(look);
      if (look !== undefined) looks.delete(look);
    },
  }));
});

afterEach(() => {
  for (const changes of listening.splice(0)) changes.stop();
  jest.dontMock("../../src/clock.js");
});

function wal(file: string): Database.Database {
  const db = database(file);
  db.pragma("journal_mode = wal");
  db.exec("create table if not exists t (x)");
  return db;
}

describe("A commit of another connection", () => {
  test("is heard of by its write to the log alone, each time", async () => {
    const file = temporaryFile();
    const other = wal(file);
    const told = await listen(wal(file), file);
    for (let nr = 1; nr <= 50; nr += 1) {
      other.exec("insert into t values (1)");
      await until("it is heard of", () => told.heard === nr);
    }
  });

  test("is heard of when the connection that made the log has gone, and others come", async () => {
    const file = temporaryFile();
    const first = wal(file);
    const told = await listen(wal(file), file);
    first.close();
    for (let nr = 1; nr <= 5; nr += 1) {
      const other = wal(file);
      other.exec("insert into t values (1)");
      await until("it is heard of", () => told.heard === nr);
      other.close();
    }
  });

  test("is heard of at a look, and from then on by its write, where there was no log to watch", async () => {
    const file = temporaryFile();
    const db = database(file);
    const told = await listen(db, file);
    expect(existsSync(`${file}-wal`)).toBe(false);
    const other = wal(file);
    poll!();
    expect(told.heard).toBe(1);
    other.exec("insert into t values (1)");
    await until("it is heard of", () => told.heard === 2);
  });
});

describe("Where one's own commits come one after another", () => {
  test("another's is heard of among them, and by its write alone once they have ended", async () => {
    const file = temporaryFile();
    const db = wal(file);
    const other = wal(file);
    const told = await listen(db, file);
    for (let nr = 1; nr <= 20; nr += 1) {
      for (let own = 0; own < 20; own += 1) {
        db.exec("insert into t values (1)");
        await new Promise((resolve) => setImmediate(resolve));
      }
      other.exec("insert into t values (1)");
      await until("it is heard of", () => {
        if (nr % 2 === 0) db.exec("insert into t values (1)");
        return told.heard === nr;
      });
    }
    await until("the looks after a write are over", () => looks.size === 0);
    other.exec("insert into t values (1)");
    await until("it is heard of", () => told.heard === 21);
  });
});

describe("One's own commit", () => {
  test("is no news", async () => {
    const file = temporaryFile();
    const db = wal(file);
    const other = wal(file);
    const told = await listen(db, file);
    db.exec("insert into t values (1)");
    other.exec("insert into t values (1)");
    await until("the other's is heard of", () => told.heard > 0);
    expect(told.heard).toBe(1);
  });
});
