import { readdirSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";
import type Database from "better-sqlite3";

import { Committer } from "../../src/store/sqlite/committer.js";
import { connect } from "../../src/store/sqlite/connection.js";
import {
  claim,
  finish,
  finished,
  newJob,
  schedule,
  states,
  worker,
} from "./suite/ground.js";
import { database, open, temporaryFile, temporaryFolder } from "./support.js";

const pragmas = [
  "application_id",
  "auto_vacuum",
  "automatic_index",
  "busy_timeout",
  "cache_size",
  "cache_spill",
  "cell_size_check",
  "checkpoint_fullfsync",
  "defer_foreign_keys",
  "encoding",
  "foreign_keys",
  "fullfsync",
  "hard_heap_limit",
  "ignore_check_constraints",
  "journal_mode",
  "journal_size_limit",
  "legacy_alter_table",
  "locking_mode",
  "max_page_count",
  "mmap_size",
  "page_size",
  "query_only",
  "read_uncommitted",
  "recursive_triggers",
  "reverse_unordered_selects",
  "secure_delete",
  "soft_heap_limit",
  "synchronous",
  "temp_store",
  "threads",
  "trusted_schema",
  "user_version",
  "wal_autocheckpoint",
  "writable_schema",
];

function configuration(db: Database.Database): Record<string, unknown> {
  return Object.fromEntries(
    pragmas.map((name) => [name, db.pragma(name, { simple: true })]),
  );
}

/** A database of a service, with tables named like ours but for the prefix. */
function service(file: string): Database.Database {
  const db = database(file);
  db.exec(`
    pragma application_id = 77;
    pragma user_version = 5;
    create table job (id integer primary key autoincrement, state text);
    create table worker (nr integer, job integer references job (id));
    create index job_state on job (state);
    create view busy as select * from worker where job is not null;
    create trigger hired after insert on worker begin update job set state = 'taken' where id = new.job; end;
    insert into job (state) values ('mine'), ('yours');
    insert into worker values (1, 2);
  `);
  return db;
}

/** All that is not ours. */
function contents(db: Database.Database): unknown {
  const schema = db
    .prepare<[], { type: string; name: string }>(
      `select type, name, sql from sqlite_schema
       where tbl_name not like 'myjobs%' and name not like 'sqlite%' order by name`,
    )
    .all();
  const rows = schema
    .filter(({ type }) => type === "table" || type === "view")
    .map(({ name }) => db.prepare(`select * from ${name}`).all());
  const sequence = db
    .prepare("select seq from sqlite_sequence where name = 'job'")
    .all();
  return [schema, rows, sequence];
}

/** Lets the event loop turn, so that whatever does not wait comes about. */
async function turns(nr = 30): Promise<void> {
  for (let turn = 0; turn < nr; turn += 1)
    await new Promise((resolve) => setTimeout(resolve, 1));
}

describe("A service's own tables", () => {
  test("stay as they are, and so do user_version and application_id, with a Database given", async () => {
    const given = service(temporaryFile());
    const before = contents(given);
    const store = await open(given);
    await finished(store);
    await store.reset();
    await store.close();
    expect(contents(given)).toEqual(before);
    expect(given.pragma("application_id", { simple: true })).toBe(77);
    expect(given.pragma("user_version", { simple: true })).toBe(5);
  });

  test("stay as they are when the file is opened by its name", async () => {
    const file = temporaryFile();
    const owner = service(file);
    const before = contents(owner);
    const store = await open(file);
    await finished(store);
    owner.exec("insert into job (state) values ('later')");
    await store.reset();
    await store.close();
    owner.exec("delete from job where state = 'later'");
    owner.exec("update sqlite_sequence set seq = 2 where name = 'job'");
    expect(contents(owner)).toEqual(before);
    expect(owner.pragma("application_id", { simple: true })).toBe(77);
    expect(owner.pragma("user_version", { simple: true })).toBe(5);
  });

  test("have new neighbours whose names all begin with myjobs_", async () => {
    const given = service(temporaryFile());
    const names = (): string[] =>
      given.prepare<[], string>("select name from sqlite_schema").pluck().all();
    const before = names();
    await open(given);
    const added = names().filter((name) => !before.includes(name));
    expect(added.length).toBeGreaterThan(5);
    expect(
      added.filter((name) => !/^(sqlite_autoindex_)?myjobs_/.test(name)),
    ).toEqual([]);
  });
});

describe("A Database given", () => {
  test("is never closed, nor configured but for its journal, which turns to WAL", async () => {
    const given = service(temporaryFile());
    given.exec(`
      pragma synchronous = extra; pragma busy_timeout = 77; pragma cache_size = -123; pragma foreign_keys = 1;
      pragma recursive_triggers = 1; pragma secure_delete = 1; pragma temp_store = 2; pragma wal_autocheckpoint = 7;
      pragma reverse_unordered_selects = 1; pragma cell_size_check = 1; pragma journal_size_limit = 99999;
    `);
    const before = configuration(given);
    expect(before.journal_mode).toBe("delete");
    const mine = given.prepare("select count(*) as nr from job");
    const store = await open(given);
    await finished(store);
    await store.close();
    expect(configuration(given)).toEqual({ ...before, journal_mode: "wal" });
    expect(given.open).toBe(true);
    expect(mine.get()).toEqual({ nr: 2 });
    // And so it is after a second time.
    await (await open(given)).close();
    expect(configuration(given)).toEqual({ ...before, journal_mode: "wal" });
  });

  test("in memory is not configured at all", async () => {
    const given = database(":memory:");
    const before = configuration(given);
    const store = await open(given);
    expect(store.path).toBe("");
    await finished(store);
    await store.close();
    expect(configuration(given)).toEqual(before);
    expect(given.prepare("select state from myjobs_job").get()).toEqual({
      state: "OK",
    });
  });

  test("may give its owner BigInts: ours are numbers, its own stay BigInts", async () => {
    const given = service(temporaryFile());
    given.defaultSafeIntegers(true);
    const store = await open(given);
    const [one, two] = await schedule(store, {}, { timeout: 250 });
    const by = await worker(store);
    expect(await finish(store, await claim(store, by))).toBe("ok");
    expect(await store.findJobs({ state: "NEW" })).toMatchObject([
      { id: two, timeout: 250, attempt: 0, die: true },
    ]);
    expect(await store.countJobs({})).toBe(2);
    expect(await store.countReady(undefined, 9)).toBe(1);
    expect(await store.findWorkers({})).toMatchObject([{ id: by.id, nr: 1 }]);
    expect((await store.deleteJobs({ id: one! })).deleted).toEqual([one]);
    expect(given.prepare("select count(*) as nr from job").get()).toEqual({
      nr: 2n,
    });
  });

  test("is known by its file, wherever the process has gone since", async () => {
    const folder = temporaryFolder();
    const home = process.cwd();
    try {
      process.chdir(folder);
      const given = database("service.db");
      process.chdir("/");
      const store = await open(given);
      expect(store.path).toBe(path.join(folder, "service.db"));
    } finally {
      process.chdir(home);
    }
    expect(readdirSync(folder)).toContain("service.db-wal");
  });

  test("may be closed by its owner first: the store closes then, and its jobs are not lost", async () => {
    const file = temporaryFile();
    const given = database(file);
    const store = await open(given);
    const ids = await schedule(store, {});
    const { host } = await worker(store);
    given.close();
    await expect(store.insertJobs([newJob()])).rejects.toMatchObject({
      name: "StoreError",
      message: expect.stringMatching(/not open/),
    });
    await store.close();
    const next = await open(file);
    expect(await states(next, ids)).toEqual(["NEW"]);
    expect(await next.lostHosts()).toMatchObject([{ id: host }]);
  });
});

describe("What is committed to a Database given", () => {
  test.each([
    ["normal", "full", true],
    ["normal", "normal", false],
    ["full", "full", false],
    ["extra", "full", false],
    ["off", "full", false],
  ] as const)(
    "gets to the disk: if synchronous is %s, and %s is asked for, it is synced by us: %s",
    async (synchronous, durability, byUs) => {
      const given = service(temporaryFile());
      given.pragma("journal_mode = wal");
      given.pragma(`synchronous = ${synchronous}`);
      const before = configuration(given);
      // Its pragmas then give bigints.
      given.defaultSafeIntegers(true);
      const { log } = await connect(given, durability);
      given.defaultSafeIntegers(false);
      expect(log !== undefined).toBe(byUs);
      await log?.synced();
      await log?.close();
      expect(configuration(given)).toEqual(before);
    },
  );
});

describe("While a Database given is in its owner's transaction", () => {
  test("our commits wait for its end, and do not share its fate", async () => {
    const given = service(temporaryFile());
    const store = await open(given);
    given.exec("begin; insert into job (state) values ('unsure')");
    let done = false;
    const storing = schedule(store, {}).then((ids) => {
      done = true;
      return ids;
    });
    await turns();
    expect(done).toBe(false);
    expect(given.inTransaction).toBe(true);
    const ours = given.prepare("select count(*) from myjobs_job").pluck();
    expect(ours.get()).toBe(0);
    given.exec("rollback");
    expect(await states(store, await storing)).toEqual(["NEW"]);
    expect(given.prepare("select count(*) from job").pluck().get()).toBe(2);
  });

  test("opening the store waits, too", async () => {
    const given = service(temporaryFile());
    given.exec("begin; insert into job (state) values ('sure')");
    let done = false;
    const opening = open(given).then((store) => {
      done = true;
      return store;
    });
    await turns();
    expect(done).toBe(false);
    given.exec("commit");
    expect(await (await opening).countJobs({})).toBe(0);
    expect(given.prepare("select count(*) from job").pluck().get()).toBe(3);
  });

  test("what waits for too long is refused, and says what for; then all goes on", async () => {
    const given = service(temporaryFile());
    const words =
      "a transaction of its owner's is open in the Database given (a call that is awaited within it would wait for ever)";
    given.exec("begin");
    const refusal = { name: "StoreError", fault: "locked" };
    await expect(connect(given, "full", 50)).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining(words),
    });
    given.exec("commit");
    const store = await open(given);
    const committer = new Committer(given, "its store", {}, 50);
    given.exec("begin");
    await expect(committer.run(() => 1)).rejects.toMatchObject({
      ...refusal,
      message: `write its store: ${words}`,
    });
    given.exec("commit");
    expect(await committer.run(() => 2)).toBe(2);
    await committer.close();
    await store.close();
  });

  test("closing the store waits, too", async () => {
    const given = service(temporaryFile());
    const store = await open(given);
    given.exec("begin");
    let done = false;
    const closing = store.close().then(() => {
      done = true;
    });
    await turns();
    expect(done).toBe(false);
    given.exec("commit");
    await closing;
    expect(given.prepare("select * from myjobs_host").all()).toEqual([]);
  });

  test("also when it is reading rows one by one, though no transaction is open", async () => {
    const given = service(temporaryFile());
    const store = await open(given);
    let done = false;
    let storing: Promise<number[]> | undefined;
    const seen: unknown[] = [];
    for (const row of given.prepare("select state from job").iterate()) {
      storing ??= schedule(store, {}).then((ids) => {
        done = true;
        return ids;
      });
      await turns();
      expect(done).toBe(false);
      seen.push(row);
    }
    expect(seen).toEqual([{ state: "mine" }, { state: "taken" }]);
    expect(await states(store, (await storing)!)).toEqual(["NEW"]);
  });
});
