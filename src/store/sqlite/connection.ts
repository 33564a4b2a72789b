import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  statSync,
} from "node:fs";
import path from "node:path";

import BetterSqlite3 from "better-sqlite3";

import { monotonic, sleep } from "../../clock.js";
import { StoreError } from "../../errors.js";
import type { GivenDatabase } from "../../options.js";
import { Checkpoints } from "./checkpoints.js";
import { isBusy, occupied, storeError } from "./faults.js";
import { Fellows } from "./fellows.js";
import { LogSync } from "./logSync.js";
import { migrate, refuseNewer } from "./migrate.js";

export interface Connection {
  db: BetterSqlite3.Database;
  /** Absolute, symbolic links resolved; '' = in memory. */
  path: string;
  /** Ours to configure and to close. */
  own: boolean;
  /** By which what is committed gets to the disk; absent where it need not, or SQLite itself sees to it. */
  log?: LogSync;
  /** Absent in memory, and where its owner says when. */
  checkpoints?: Checkpoints;
  /** Of a Database given: others that it was given to. */
  fellows?: Fellows;
}

/** A lock that is held longer than this is waited for with timers, so that the event loop goes on. */
const busyTimeout = 10;
/** Another process may be migrating. */
const longestLock = 5_000;

/** Opens, configures and migrates a file, or takes over a Database that is open already. */
export async function connect(
  store: string | GivenDatabase,
  durability: "full" | "normal",
  patience = longestLock,
): Promise<Connection> {
  const connection = typeof store === "string" ? openFile(store) : adopt(store);
  const { db, path: file, own } = connection;
  try {
    await undisturbed(db, patience, () => {
      // Before anything is written: what is no database, corrupt or newer is left as it is.
      refuseNewer(db, file);
      configure(connection, durability);
      migrate(db, file);
    });
  } catch (cause) {
    if (own) db.close();
    throw storeError("open", file, cause);
  }
  if (file === "" || (!own && !(durability === "full" && syncsSeldom(db))))
    return connection;
  // From here on both are done beside the event loop.
  const log = new LogSync(file);
  if (!own) return { ...connection, log };
  if (durability === "normal")
    return { ...connection, checkpoints: new Checkpoints(db, file, log) };
  db.pragma("synchronous = normal");
  return { ...connection, checkpoints: new Checkpoints(db, file), log };
}

function openFile(file: string): Connection {
  if (file === ":memory:")
    return { db: new BetterSqlite3(file), path: "", own: true };
  // better-sqlite3 trims, too: both must mean the same file.
  const absolute = resolved(file.trim());
  const folder = path.dirname(absolute);
  if (!existsSync(folder)) {
    throw new StoreError(
      `open ${absolute}: there is no folder ${folder}`,
      "missing",
      absolute,
    );
  }
  try {
    prepareFile(absolute);
    const db = new BetterSqlite3(absolute, { timeout: busyTimeout });
    return { db, path: fileOf(db), own: true };
  } catch (cause) {
    throw storeError("open", absolute, cause);
  }
}

/** As seen from the working directory, which may be gone. */
function resolved(file: string): string {
  try {
    return path.resolve(file);
  } catch (cause) {
    throw storeError("open", file, cause);
  }
}

/**
 * A new file is made by us, since SQLite would make it readable for all. One that is there is not opened,
 * only looked at: closing it would drop the locks that other connections of this process hold on it.
 */
function prepareFile(file: string): void {
  const { O_RDWR, O_CREAT, R_OK, W_OK } = constants;
  if (existsSync(file)) {
    accessSync(file, R_OK | W_OK);
    if (statSync(file).isDirectory())
      throw new StoreError(
        `open ${file}: it is a folder`,
        "not-a-database",
        file,
      );
  } else closeSync(openSync(file, O_RDWR | O_CREAT, 0o600));
}

function adopt(given: GivenDatabase): Connection {
  const owners = given as unknown as BetterSqlite3.Database;
  const db = Object.create(owners) as BetterSqlite3.Database;
  // Whatever its owner has made the default, our statements give numbers.
  db.prepare = ((source: string) =>
    owners.prepare(source).safeIntegers(false)) as typeof db.prepare;
  const fellows = new Fellows(owners, db);
  return { db, path: fileOf(db), own: false, fellows };
}

/** Whether SQLite syncs at checkpoints alone: better-sqlite3's default for a log. Its owner may have said more, or less. */
function syncsSeldom(db: BetterSqlite3.Database): boolean {
  return Number(db.pragma("synchronous", { simple: true })) === 1;
}

/** SQLite's own idea of it, which does not change with the working directory. */
function fileOf(db: BetterSqlite3.Database): string {
  const list = db.pragma("database_list") as { name: string; file: string }[];
  return list.find(({ name }) => name === "main")?.file ?? "";
}

/**
 * Does it once no lock and no transaction of the owner's is in the way. SQLite's own timeout does not
 * cover all: two that turn a new file to WAL at once are in each other's way.
 */
async function undisturbed(
  db: BetterSqlite3.Database,
  patience: number,
  act: () => void,
): Promise<void> {
  const deadline = monotonic() + patience;
  for (;;) {
    try {
      if (db.inTransaction) throw occupied();
      act();
      return;
    } catch (cause) {
      if (!isBusy(cause) || monotonic() > deadline) throw cause;
    }
    await sleep(1 + Math.random() * 4);
  }
}

function configure(
  { db, path: file, own }: Connection,
  durability: "full" | "normal",
): void {
  if (file !== "") {
    const mode = db.pragma("journal_mode", { simple: true });
    if (
      mode !== "wal" &&
      db.pragma("journal_mode = wal", { simple: true }) !== "wal"
    ) {
      throw new StoreError(
        `open ${file}: its journal cannot be turned to WAL`,
        "unsupported",
        file,
      );
    }
  }
  if (own) db.pragma(`synchronous = ${durability}`);
}
