import { readFileSync } from "node:fs";

import { describe, expect, test } from "@jest/globals";
import type Database from "better-sqlite3";

import { JobClaim } from "../../src/store/sqlite/claim.js";
import { connect } from "../../src/store/sqlite/connection.js";
import { Dependants } from "../../src/store/sqlite/dependants.js";
import { migrate } from "../../src/store/sqlite/migrate.js";
import { migrations } from "../../src/store/sqlite/migrations.js";
import { JobQuery } from "../../src/store/sqlite/query.js";
import { JobSettle } from "../../src/store/sqlite/settle.js";
import { WorkerTable } from "../../src/store/sqlite/workers.js";
import { claim, finish, schedule, states, worker } from "./suite/ground.js";
import { database, open, storeFile, temporaryFile } from "./support.js";

/**
 * What each version of a store came to hold while it was the newest, in its own words. Append-only like
 * the migrations themselves: a version that is added gets its line, and the older ones stay.
 */
const contents: readonly string[] = [
  `
  insert into myjobs_action (id, key, code, methodname, actorname, origin) values (1, 'k', 'c', 'm', 'a', '{}');
  insert into myjobs_job (id, name, action_id, kwargs) values (1, 'waits', 1, '{"a":1}');
  insert into myjobs_job (id, name, action_id, kwargs, state, result, attempt) values (2, 'ok', 1, '{}', 'OK', '"r"', 1);
  insert into myjobs_job (id, name, action_id, kwargs, state, error_cat, error, attempt)
    values (3, 'bad', 1, '{}', 'ERROR', 'ERROR', '{"name":"E","message":"m","stack":"s"}', 1);
  insert into myjobs_job (id, name, action_id, kwargs, waiting) values (4, 'hangs', 1, '{}', 1);
  insert into myjobs_dependency (job_id, position, depends_on) values (4, 0, 1);
  insert into myjobs_worker (id, nr, name, type, state, time_start, last_update, timeout, host)
    values (1, 1, 'w1', 'subprocess', 'HALTED', 5, 6, 7, 1);
  `,
  "",
  "",
  "",
];

const versions = migrations.map((_, index) => index + 1);

/** A file of a past version; of version 0 there is no store in it yet. */
function past(version: number): string {
  const file = temporaryFile();
  const db = database(file);
  if (version > 0) {
    for (const [index, content] of contents.slice(0, version).entries()) {
      migrate(db, file, migrations.slice(0, index + 1));
      db.exec(content);
    }
  }
  db.exec(
    "create table customer (name text); insert into customer values ('Ann')",
  );
  db.close();
  return file;
}

/** The tables and indexes, by what they are and not by how they came to be so. */
function shape(file: string): unknown {
  const db = database(file);
  const names = (type: string): string[] =>
    db
      .prepare<[string], string>(
        "select name from sqlite_schema where type = ? and name like 'myjobs%' order by name",
      )
      .pluck()
      .all(type);
  const tables = names("table").map((name) => [
    name,
    db.pragma(`table_xinfo(${name})`),
  ]);
  const indexes = names("index").map((name) => [
    name,
    db.pragma(`index_xinfo(${name})`),
  ]);
  const version = db.prepare("select version from myjobs_schema").all();
  const integrity = db.pragma("integrity_check", { simple: true });
  db.close();
  return { tables, indexes, version, integrity };
}

function schemaOf(db: Database.Database): unknown {
  return db.prepare("select * from sqlite_schema").all();
}

describe("A store of every past version", () => {
  test("is known to this test", () => {
    expect(contents).toHaveLength(migrations.length);
  });

  test.each([0, ...versions])(
    "opens, and is like a new one then (version %d)",
    async (version) => {
      const file = past(version);
      await (await open(file)).close();
      expect(shape(file)).toEqual(shape(await storeFile()));
      const db = database(file);
      expect(db.prepare("select * from customer").all()).toEqual([
        { name: "Ann" },
      ]);
    },
  );

  test.each(versions)(
    "keeps what it held, and goes on with it (version %d)",
    async (version) => {
      const store = await open(past(version));
      const jobs = await store.findJobs({});
      expect(jobs).toMatchObject([
        { id: 1, name: "waits", state: "NEW", kwargs: '{"a":1}' },
        { id: 2, name: "ok", state: "OK", result: '"r"', attempt: 1 },
        { id: 3, name: "bad", state: "ERROR", error: { message: "m" } },
        { id: 4, name: "hangs", state: "NEW", dependencies: [1] },
      ]);
      expect(await store.findActions({})).toMatchObject([{ id: 1, key: "k" }]);
      expect(await store.findWorkers({})).toMatchObject([
        { nr: 1, state: "HALTED", timeStart: 5, timeout: 7 },
      ]);
      const by = await worker(store);
      await finish(store, await claim(store, by));
      await finish(store, await claim(store, by));
      expect(await states(store, [1, 4])).toEqual(["OK", "OK"]);
      expect(await schedule(store, {})).toEqual([5]);
    },
  );
});

describe("Migrating", () => {
  test("twice changes nothing", async () => {
    const file = await storeFile();
    const before = readFileSync(file);
    const { db } = await connect(file, "full");
    migrate(db, file);
    expect(db.prepare("select total_changes() as nr").get()).toEqual({ nr: 0 });
    db.close();
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test.each([0, ...versions])(
    "that fails leaves the file as it was (version %d)",
    (version) => {
      const file = past(version);
      const before = readFileSync(file);
      const steps = [
        ...migrations,
        "create table myjobs_next (a integer); alter table myjobs_job add column b integer; insert into nowhere values (1)",
      ];
      const db = database(file);
      expect(() => migrate(db, file, steps)).toThrow(/no such table: nowhere/);
      expect(db.inTransaction).toBe(false);
      db.close();
      expect(readFileSync(file).equals(before)).toBe(true);
    },
  );

  test.each([false, true])(
    "leaves its owner what may be done to the schema (unsafe mode: %s)",
    (unsafe) => {
      for (const steps of [migrations, [...migrations, "no SQL"]]) {
        const db = database(":memory:");
        db.unsafeMode(unsafe);
        try {
          migrate(db, "", steps);
        } catch {
          expect(steps).not.toBe(migrations);
        }
        expect(db.pragma("writable_schema", { simple: true })).toBe(0);
        db.pragma("writable_schema = on");
        expect(db.pragma("writable_schema", { simple: true })).toBe(
          Number(unsafe),
        );
      }
    },
  );

  test("that failed can be done again", async () => {
    const file = past(0);
    const db = database(file);
    expect(() => migrate(db, file, [...migrations, "no SQL"])).toThrow();
    migrate(db, file);
    db.close();
    expect(shape(file)).toEqual(shape(await storeFile()));
  });

  test("does the missing steps alone, each once", () => {
    const db = database(":memory:");
    const steps = [
      "create table myjobs_log (step integer)",
      "insert into myjobs_log values (2)",
      "insert into myjobs_log values (3)",
    ];
    migrate(db, "", steps.slice(0, 2));
    migrate(db, "", steps);
    migrate(db, "", steps);
    const log = db.prepare<[], number>("select step from myjobs_log").pluck();
    expect(log.all()).toEqual([2, 3]);
    expect(db.prepare("select version from myjobs_schema").all()).toEqual([
      { version: 3 },
    ]);
    const schema = schemaOf(db);
    expect(() => migrate(db, "", steps.slice(0, 2))).toThrow(/version 3/);
    expect(schemaOf(db)).toEqual(schema);
  });
});

describe("The tables", () => {
  test("refuse states, categories and types that there are not", () => {
    const db = database(":memory:");
    migrate(db, "");
    db.exec(contents[0]!);
    for (const change of [
      "update myjobs_job set state = 'LOST'",
      "update myjobs_job set error_cat = ''",
      "update myjobs_job set state = null",
      "update myjobs_job set waiting = -1",
      "update myjobs_job set attempt = 'two'",
      "update myjobs_worker set state = 'IDLE'",
      "update myjobs_worker set type = 'thread'",
      "update myjobs_worker set requeue = 2",
      "insert into myjobs_worker select 9, nr, name, type, state, 0, '', 0, 0, 0, null, 0, 0, 0, 1, 0 from myjobs_worker",
      "insert into myjobs_action select 9, key, code, methodname, actorname, origin from myjobs_action",
    ])
      expect(() => db.exec(change)).toThrow(
        expect.objectContaining({
          code: expect.stringMatching(/^SQLITE_CONSTRAINT/),
        }),
      );
  });

  test("take every state, category and type that there is", () => {
    const db = database(":memory:");
    migrate(db, "");
    db.exec(contents[0]!);
    const accepted = {
      "myjobs_job set state": ["NEW", "RUNNING", "OK", "ERROR", "DONE"],
      "myjobs_job set error_cat": ["NA", "TIMEOUT", "CRASH", "HALTED", "ERROR"],
      "myjobs_worker set state": ["NEW", "WAITING", "BUSY", "ERROR", "HALTED"],
      "myjobs_worker set type": ["tmux", "subprocess", "inprocess"],
    };
    for (const [change, values] of Object.entries(accepted))
      for (const value of values)
        expect(db.prepare(`update ${change} = ?`).run(value).changes).toBe(
          change.startsWith("myjobs_job") ? 4 : 1,
        );
  });

  test("check a job that is stored, and one that has ended, without a table made for it", () => {
    const db = database(":memory:");
    migrate(db, "");
    for (const statement of [
      "insert into myjobs_job (name, action_id, kwargs) values ('j1', 1, '{}')",
      "update myjobs_job set state = 'OK', error_cat = 'NA' where id = 1",
      "update myjobs_worker set state = 'BUSY' where id = 1",
    ]) {
      const steps = db
        .prepare<[], { opcode: string }>(`explain ${statement}`)
        .all();
      expect(steps.map(({ opcode }) => opcode)).not.toContain("OpenEphemeral");
    }
  });

  test("are STRICT, all of them", () => {
    const db = database(":memory:");
    migrate(db, "");
    const tables = db.pragma("table_list") as {
      name: string;
      strict: number;
    }[];
    const ours = tables.filter(({ name }) => name.startsWith("myjobs_"));
    expect(ours.map(({ name }) => name).sort()).toEqual([
      "myjobs_action",
      "myjobs_dependency",
      "myjobs_host",
      "myjobs_job",
      "myjobs_schema",
      "myjobs_window",
      "myjobs_worker",
    ]);
    expect(ours.filter(({ strict }) => strict !== 1)).toEqual([]);
  });
});

describe("The indexes are used:", () => {
  /** How SQLite would go about each statement that a part of the store prepares. */
  function plans(
    prepare: (db: Database.Database) => unknown,
    before = "",
  ): {
    source: string;
    plan: string;
  }[] {
    const db = database(":memory:");
    migrate(db, "");
    db.exec(before);
    const sources: string[] = [];
    const spied = Object.create(db) as Database.Database;
    spied.prepare = (source: string) => {
      sources.push(source);
      return db.prepare(source);
    };
    prepare(spied);
    return sources.map((source) => {
      const explained = db.prepare(`explain query plan ${source}`);
      // Any value will do for a parameter.
      const names = [...source.matchAll(/@(\w+)/g)].map(([, name]) => name!);
      const unnamed = [...source.matchAll(/\?/g)].map(() => "1");
      const rows = (
        names.length > 0
          ? explained.all(Object.fromEntries(names.map((name) => [name, "1"])))
          : explained.all(...unnamed)
      ) as { detail: string }[];
      return { source, plan: rows.map(({ detail }) => detail).join("\n") };
    });
  }

  const scans = /SCAN myjobs_(?!.*USING (COVERING )?INDEX)/;

  test("claiming and counting what is ready by the index of ready jobs, without sorting", () => {
    const found = plans(
      (db) =>
        new JobClaim(db, new Dependants(db), new WorkerTable(db), {
          transaction: 0,
        }),
    ).filter(({ source }) => source.includes("state = 'NEW' and waiting = 0"));
    expect(found).toHaveLength(4);
    for (const { plan } of found) {
      expect(plan).toMatch(
        /SCAN myjobs_job USING (COVERING )?INDEX myjobs_job_ready/,
      );
      expect(plan).not.toMatch(/TEMP B-TREE/);
      expect(plan).not.toMatch(scans);
    }
  });

  test("all that ends a job, or those that wait for it", () => {
    const found = plans((db) => new JobSettle(db, new Dependants(db)));
    expect(found.length).toBeGreaterThan(10);
    for (const { source, plan } of found)
      if (scans.test(plan)) throw new Error(`${source}\n${plan}`);
    const of = (words: string): string =>
      found
        .filter(({ source }) => source.includes(words))
        .map(({ plan }) => plan)
        .join("\n");
    expect(of("where depends_on = ?")).toMatch(/myjobs_dependency_on/);
    expect(of("select id, interruptions")).toMatch(/myjobs_job_running/);
  });

  test("ending many jobs at once by the index of running jobs, also where the file has statistics of a time when it held few", () => {
    for (const before of [
      "",
      `insert into myjobs_job (name, action_id, kwargs) values ('j1', 1, '{}'), ('j2', 1, '{}'); analyze;`,
    ]) {
      const found = plans(
        (db) => new JobSettle(db, new Dependants(db)),
        before,
      ).find(({ source }) => source.includes("values"))!;
      expect(found.plan).toMatch(
        /SEARCH myjobs_job USING INDEX myjobs_job_running \(host=\?/,
      );
    }
  });

  test("looking up jobs by their ids, and whether any is active", () => {
    const found = plans((db) => new JobQuery(db, new Dependants(db)));
    expect(found.length).toBeGreaterThan(3);
    for (const { source, plan } of found)
      if (scans.test(plan)) throw new Error(`${source}\n${plan}`);
  });

  test("finding and counting the jobs of a category", () => {
    for (const ask of [
      (query: JobQuery) => query.find({ category: "a" }),
      (query: JobQuery) => query.count({ category: ["a", "b"] }),
    ]) {
      const { plan } = plans((db) =>
        ask(new JobQuery(db, new Dependants(db))),
      ).at(-1)!;
      expect(plan).toMatch(/myjobs_job_category/);
    }
  });
});
