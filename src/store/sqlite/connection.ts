import {
  closeSync,
  constants,
  existsSync,
  openSync,
  realpathSync,
} from "node:fs";
import path from "node:path";

import BetterSqlite3 from "better-sqlite3";

import { StoreError } from "../../errors.js";
import type { GivenDatabase } from "../../options.js";
import { storeError } from "./faults.js";
import { migrate } from "./migrate.js";

export interface Connection {
  db: BetterSqlite3.Database;
  /** Absolute, symbolic links resolved; '' = in memory. */
  path: string;
  /** Ours to configure and to close. */
  own: boolean;
}

/** A first lock that is held longer than this is left to the committer's own, unblocking patience. */
const busyTimeout = 10;
/** Opening happens once, and may wait for another process that migrates. */
const openTimeout = 5_000;

/** Opens, configures and migrates a file, or takes over a Database that is open already. */
export function connect(
  store: string | GivenDatabase,
  durability: "full" | "normal",
): Connection {
  const connection = typeof store === "string" ? openFile(store) : adopt(store);
  try {
    configure(connection, durability);
    migrate(connection.db, connection.path);
    if (connection.own)
      connection.db.pragma(`busy_timeout = ${String(busyTimeout)}`);
  } catch (cause) {
    if (connection.own) connection.db.close();
    throw storeError("open", connection.path, cause);
  }
  return connection;
}

function openFile(file: string): Connection {
  if (file === ":memory:")
    return { db: new BetterSqlite3(file), path: "", own: true };
  const absolute = path.resolve(file);
  const folder = path.dirname(absolute);
  if (!existsSync(folder)) {
    throw new StoreError(
      `open ${absolute}: there is no folder ${folder}`,
      "read-only",
      absolute,
    );
  }
  try {
    // Made by us first, since SQLite would make it readable for all.
    closeSync(openSync(absolute, constants.O_RDWR | constants.O_CREAT, 0o600));
    return {
      db: new BetterSqlite3(absolute, { timeout: openTimeout }),
      path: realpathSync(absolute),
      own: true,
    };
  } catch (cause) {
    throw storeError(
      "open",
      absolute,
      readOnly(cause)
        ? Object.assign(new Error(String(cause)), { code: "SQLITE_READONLY" })
        : cause,
    );
  }
}

function readOnly(cause: unknown): boolean {
  return ["EACCES", "EROFS", "EPERM", "EISDIR"].includes(
    (cause as NodeJS.ErrnoException).code ?? "",
  );
}

function adopt(given: GivenDatabase): Connection {
  const db = given as unknown as BetterSqlite3.Database;
  return {
    db,
    path: db.memory || db.name === "" ? "" : realpathSync(db.name),
    own: false,
  };
}

function configure(
  { db, path: file, own }: Connection,
  durability: "full" | "normal",
): void {
  if (file !== "") {
    // Reads the file's header first: what is no database is left as it is.
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
