import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";

import { StoreError } from "../../src/errors.js";
import { openStore } from "../../src/store/open.js";
import { connect } from "../../src/store/sqlite/connection.js";
import { until } from "../support/until.js";
import { newJob } from "./suite/ground.js";
import {
  database,
  open,
  program,
  storeFile,
  temporaryFile,
  temporaryFolder,
} from "./support.js";

/** What came of an attempt to open, which must fail, name the file and leave everything as it was. */
async function fault(file: string): Promise<string> {
  const before = snapshot(path.dirname(file));
  const error = await openStore(file, "full", Date.now).then(
    () => "opened",
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(StoreError);
  const { message, store, fault } = error as StoreError;
  expect(message).toContain(file);
  expect(store).toBe(file);
  expect(snapshot(path.dirname(file))).toEqual(before);
  return fault;
}

/** All that is in a folder: names, modes, sizes, times, contents. */
function snapshot(folder: string): unknown[] {
  return readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const file = path.join(folder, entry.name);
    const { mode, size, mtimeMs } = statSync(file);
    const readable = entry.isFile() && (mode & 0o400) !== 0;
    const content = readable ? readFileSync(file).toString("hex") : "";
    return [entry.name, mode, size, mtimeMs, content];
  });
}

const namespace = ["unshare", "--map-root-user", "--mount"];

/** As a program would leave it that keeps no write-ahead log. */
function withoutLog(file: string): string {
  const db = database(file);
  db.pragma("journal_mode = delete");
  db.close();
  return file;
}

function overwrite(file: string, from: number, to: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0xff, from, to);
  writeFileSync(file, bytes);
}

const damages: Record<string, (file: string) => void> = {
  "its tables' definitions overwritten": (file) => overwrite(file, 100, 4_000),
  "its tail cut off": (file) => truncateSync(file, 8_192),
  "only its first page left": (file) => truncateSync(file, 4_096),
};

describe("Opening a corrupt file says so, and leaves it as it is:", () => {
  test.each(Object.entries(damages))("%s", async (_, damage) => {
    const file = await storeFile();
    damage(file);
    expect(await fault(file)).toBe("corrupt");
  });

  test.each(Object.entries(damages))(
    "%s, in a file without a write-ahead log",
    async (_, damage) => {
      const file = withoutLog(await storeFile());
      damage(file);
      expect(await fault(file)).toBe("corrupt");
    },
  );

  test("a service's own file, before there is a store in it", async () => {
    const file = temporaryFile();
    const db = database(file);
    db.exec("create table customer (name text)");
    db.close();
    overwrite(file, 100, 4_000);
    expect(await fault(file)).toBe("corrupt");
  });
});

test("Damage that is met later is told by the operation that meets it, and by no other", async () => {
  const file = temporaryFile();
  const before = await open(file);
  const text = JSON.stringify("x".repeat(1_000));
  await before.insertJobs(
    Array.from({ length: 100 }, () => newJob({ kwargs: text })),
  );
  await before.close();
  const db = database(file);
  const root = db
    .prepare<[], number>(
      "select rootpage from sqlite_schema where name = 'myjobs_job'",
    )
    .pluck()
    .get()!;
  db.close();
  overwrite(file, (root - 1) * 4_096, root * 4_096);
  const store = await open(file);
  const [find, workers] = await Promise.allSettled([
    store.findJobs({}),
    store.findWorkers({}),
  ]);
  expect(find).toMatchObject({
    status: "rejected",
    reason: { name: "StoreError", fault: "corrupt", store: file },
  });
  expect(workers).toMatchObject({ status: "fulfilled", value: [] });
});

describe("Opening a file that is no database says so, and leaves it as it is:", () => {
  const contents: Record<string, string | Buffer> = {
    "a long text": "These are my notes. ".repeat(500),
    "a short text": "notes",
    zeros: Buffer.alloc(10_000),
    "a database's first words, and then others":
      "SQLite format 3\0" + "x".repeat(5_000),
  };

  test.each(Object.entries(contents))("%s", async (_, content) => {
    const file = temporaryFile();
    writeFileSync(file, content);
    expect(await fault(file)).toBe("not-a-database");
  });
});

describe("Opening a store of a newer version says so, and leaves it as it is,", () => {
  async function newer(): Promise<string> {
    const file = await storeFile();
    const db = database(file);
    db.exec("update myjobs_schema set version = version + 1");
    db.close();
    return file;
  }

  test("with a write-ahead log", async () => {
    const file = await newer();
    expect(await fault(file)).toBe("newer-schema");
  });

  test("without one", async () => {
    const file = withoutLog(await newer());
    expect(await fault(file)).toBe("newer-schema");
  });

  test("and tells both versions", async () => {
    const file = await newer();
    await expect(openStore(file, "full", Date.now)).rejects.toThrow(
      /version \d+\b.* up to \d+\b/,
    );
  });
});

/** A file in a folder of its own; both can be reached by everyone. */
async function reachable(
  mode: number,
  folder: number,
  journal = "wal",
): Promise<string> {
  const inner = path.join(temporaryFolder(), "folder");
  mkdirSync(inner);
  const file = path.join(inner, "jobs.db");
  await (await open(file)).close();
  if (journal !== "wal") withoutLog(file);
  chmodSync(file, mode);
  chmodSync(inner, folder);
  return file;
}

describe("Opening what may not be written says so, and leaves it as it is:", () => {
  /** Tries it in a process of a user who may not do everything. */
  async function asNobody(
    ...files: string[]
  ): Promise<{ fault: string; message: string }[]> {
    for (const file of files)
      chmodSync(path.dirname(path.dirname(file)), 0o755);
    const { lines, exit } = program("attempt", ["nobody", ...files]);
    expect(await exit).toEqual({ end: 0, errors: "" });
    return lines.map((line) => JSON.parse(line) as never);
  }

  test("a file, whether there is a write-ahead log or not, or not even reading is allowed", async () => {
    const files = [
      await reachable(0o444, 0o777),
      await reachable(0o444, 0o777, "delete"),
      await reachable(0o000, 0o777),
    ];
    const before = files.map((file) => snapshot(path.dirname(file)));
    const attempts = await asNobody(...files);
    expect(attempts).toMatchObject(
      files.map((store) => ({ fault: "read-only", store })),
    );
    expect(files.map((file) => snapshot(path.dirname(file)))).toEqual(before);
  });

  test("a folder, with a store in it or none", async () => {
    const store = await reachable(0o666, 0o555);
    const files = [store, path.join(path.dirname(store), "new.db")];
    const before = snapshot(path.dirname(store));
    expect(await asNobody(...files)).toMatchObject(
      files.map((file) => ({ fault: "read-only", store: file })),
    );
    expect(snapshot(path.dirname(store))).toEqual(before);
    chmodSync(path.dirname(store), 0o777); // so that it can be removed
  });

  test("a file system, even for root", async () => {
    const file = await storeFile();
    const files = [file, path.join(path.dirname(file), "new.db")];
    const before = snapshot(path.dirname(file));
    const { lines, exit } = program(
      "attempt",
      ["root", ...files],
      mounted(
        path.dirname(file),
        '--bind "$0" "$0" && mount -o remount,bind,ro "$0"',
      ),
    );
    expect(await exit).toEqual({ end: 0, errors: "" });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject(
      files.map((store) => ({ fault: "read-only", store })),
    );
    expect(snapshot(path.dirname(file))).toEqual(before);
  });

  test("a folder that is missing", async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "absent", "jobs.db");
    await expect(openStore(file, "full", Date.now)).rejects.toMatchObject({
      fault: "missing",
      store: file,
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a folder that is a file", async () => {
    const parent = await storeFile();
    const before = snapshot(path.dirname(parent));
    const file = path.join(parent, "jobs.db");
    await expect(openStore(file, "full", Date.now)).rejects.toMatchObject({
      fault: "read-only",
      store: file,
    });
    expect(snapshot(path.dirname(parent))).toEqual(before);
  });

  test("a file that is a folder", async () => {
    const file = temporaryFile();
    mkdirSync(file);
    expect(await fault(file)).toBe("not-a-database");
  });

  test("a Database that was given, opened to be read only", async () => {
    const file = withoutLog(await storeFile());
    for (const mode of ["delete", "wal"]) {
      const db = database(file);
      db.pragma(`journal_mode = ${mode}`);
      db.close();
      const given = database(file, { readonly: true });
      await expect(openStore(given, "full", Date.now)).rejects.toMatchObject({
        fault: "read-only",
        store: file,
      });
      given.close();
      database(file).pragma("journal_mode = delete"); // takes away what only a reader leaves
    }
  });
});

test("In a folder that has become read-only a store says so when it is closed, and lets go of its lock; the file goes with the next to open it", async () => {
  const store = await reachable(0o666, 0o777);
  const folder = path.dirname(store);
  chmodSync(path.dirname(folder), 0o755);
  const { child, lines, exit } = program("leave", [store]);
  await until("it is open", () => lines.length > 0);
  chmodSync(folder, 0o555);
  child.stdin!.write("go");
  expect(await exit).toEqual({ end: 0, errors: "" });
  chmodSync(folder, 0o777);
  const fault = { fault: "read-only", store };
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    true, // It holds locks,
    fault, // cannot remove that of a host that is gone,
    fault, // nor its own when it closes, once
    fault, // and twice,
    0, // and holds none any more.
  ]);
  await (await open(store)).close();
  expect(readdirSync(folder)).toEqual(["jobs.db"]);
});

describe("A full disk", () => {
  test("refuses what does not fit, keeps what was accepted, and is told when opening", async () => {
    const folder = temporaryFolder();
    const { lines, exit } = program(
      "full",
      [folder],
      mounted(folder, '-t tmpfs -o size=1m tmpfs "$0"'),
    );
    expect(await exit).toEqual({ end: 0, errors: "" });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      "disk-full", // a job that is too large,
      1, // while in the same turn the others are counted;
      "disk-full", // small ones, until nothing fits;
      "disk-full", // one more host,
      true, // of which nothing stays;
      1, // with room again, one more;
      "disk-full", // opening the store,
      true, // which leaves it as it is;
      "disk-full", // making a new one;
      1, // and in the end all is there.
    ]);
  });

  test("is told of a Database that was given, too", async () => {
    const given = database(temporaryFile());
    const store = await open(given);
    const pages = given.pragma("page_count", { simple: true }) as number;
    given.pragma(`max_page_count = ${String(pages + 2)}`);
    const large = JSON.stringify("x".repeat(100_000));
    const outcomes = await Promise.allSettled([
      store.insertJobs([newJob()]),
      store.insertJobs([newJob({ kwargs: large })]),
      store.countJobs({}),
    ]);
    expect(outcomes).toMatchObject([
      { status: "fulfilled" },
      { reason: { name: "StoreError", fault: "disk-full" } },
      { value: 1 },
    ]);
    given.pragma("max_page_count = 1000000");
    await store.insertJobs([newJob({ kwargs: large })]);
    expect(await store.countJobs({})).toBe(2);
  });
});

describe("A locked file", () => {
  test("is told once patience is at an end, and left as it is", async () => {
    const file = withoutLog(await storeFile());
    const other = database(file);
    other.exec("begin exclusive");
    await expect(connect(file, "full", 50)).rejects.toMatchObject({
      name: "StoreError",
      fault: "locked",
      store: file,
    });
    // An attempt must not cost the other program its lock, though it is of this very process.
    expect(writes(file)).toMatch(/database is locked/);
    other.exec("rollback");
    expect(writes(file)).toBe("");
  });

  test("opens as soon as it is unlocked, and the event loop goes on until then", async () => {
    const file = withoutLog(await storeFile());
    const other = database(file);
    other.exec("begin exclusive");
    const opening = open(file);
    // Turns of the event loop, which no open that blocks it would let come.
    for (let turn = 0; turn < 20; turn += 1)
      await new Promise((resolve) => setTimeout(resolve, 1));
    other.exec("commit");
    expect(await (await opening).countJobs({})).toBe(0);
  });
});

describe("A file", () => {
  const modes = (folder: string): string[] =>
    readdirSync(folder).map((name) => {
      const { mode } = statSync(path.join(folder, name));
      return `${(mode & 0o777).toString(8)} ${kind(name)}`;
    });
  const kind = (name: string): string =>
    name.replace(/host-[0-9a-f]+/, "host").replace(/^[^-]+/, "");

  test("that we make is its owner's alone, and so is all beside it", async () => {
    const file = temporaryFile();
    const umask = process.umask(0);
    try {
      await open(file);
    } finally {
      process.umask(umask);
    }
    expect(modes(path.dirname(file))).toEqual([
      "600 ",
      "600 -host",
      "600 -host-journal",
      "600 -shm",
      "600 -wal",
    ]);
  });

  test("that was there keeps its mode, and what is beside it has the same", async () => {
    const file = await storeFile();
    chmodSync(file, 0o640);
    await open(file);
    expect(
      new Set(modes(path.dirname(file)).map((line) => line.slice(0, 3))),
    ).toEqual(new Set(["640"]));
  });

  test("that is empty, and one behind a link, become stores", async () => {
    const folder = temporaryFolder();
    const [empty, link, target] = ["empty", "link", "target"].map((name) =>
      path.join(folder, `${name}.db`),
    );
    writeFileSync(empty!, "");
    symlinkSync(target!, link!);
    expect((await open(empty!)).path).toBe(empty);
    expect((await open(link!)).path).toBe(target);
    expect(statSync(target!).mode & 0o777).toBe(0o600);
    await (await open(target!)).insertJobs([newJob()]);
    expect(await (await open(link!)).countJobs({})).toBe(1);
  });

  test("may have any name", async () => {
    const folder = temporaryFolder();
    for (const name of [
      "'; drop table x; --.db",
      "ü 🧵\n.db",
      'a"b?mode=ro&x=%20#.db',
      "file:a.db",
    ]) {
      const file = path.join(folder, name);
      const store = await open(file);
      expect(store.path).toBe(file);
      await store.insertJobs([newJob()]);
      await store.close();
      expect(await (await open(file)).countJobs({})).toBe(1);
    }
    expect(
      readdirSync(folder).filter((name) => name.endsWith(".db")),
    ).toHaveLength(4);
  });

  test("is the same with blanks around its name, which better-sqlite3 leaves out", async () => {
    const file = temporaryFile();
    const store = await open(`${file} \n`);
    expect(store.path).toBe(file);
    const made = readdirSync(path.dirname(file));
    expect(made.filter((name) => !name.includes("-"))).toEqual(["jobs.db"]);
  });

  test("whose tables are not what they should be says so, and is let go of", async () => {
    const file = await storeFile();
    const db = database(file);
    db.exec("drop table myjobs_job");
    db.close();
    await expect(openStore(file, "full", Date.now)).rejects.toMatchObject({
      name: "StoreError",
      fault: "failed",
      message: expect.stringMatching(/no such table: myjobs_job/),
    });
    expect(readdirSync(path.dirname(file))).toEqual(["jobs.db"]);
  });
});

test("A postgres:// address says that there is no such store yet", async () => {
  for (const address of ["postgres://host/db", "postgresql://u:p@host/db"]) {
    const error: unknown = await openStore(address, "full", Date.now).catch(
      (cause: unknown) => cause,
    );
    expect(error).toMatchObject({ name: "StoreError", fault: "unsupported" });
    expect(String(error)).not.toContain("u:p");
  }
});

/** What another process is told that writes to the file; '' = it could. */
function writes(file: string): string {
  const source = `
    const db = new (require("better-sqlite3"))(process.argv[1], { timeout: 0 });
    db.exec("begin immediate; rollback");
  `;
  return spawnSync(process.execPath, ["-e", source, file], {
    encoding: "utf8",
  }).stderr;
}

/** The command that runs another where a folder is a file system of its own. */
function mounted(folder: string, mount: string): string[] {
  const script = `mount ${mount} && exec "$@"`;
  return [...namespace, "sh", "-c", script, folder];
}
