import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import path from "node:path";

import BetterSqlite3 from "better-sqlite3";

import { StoreError } from "../../errors.js";
import { processStart, thread, threadLives } from "../../processes.js";
import type { HostProcess } from "../neighbours.js";
import type { LostHost } from "../store.js";
import { isBusy, storeError } from "./faults.js";

interface HostRow {
  id: number;
  pid: number;
  pidStart: string;
  lockFile: string;
  thread: number;
}

/**
 * The hosts on a store, and which of them live: each holds an exclusive lock on a small file beside
 * the store, which the kernel drops with the process. A store in memory has none: its hosts are of this process.
 */
export class HostTable {
  readonly #path: string;
  readonly #lockFile: string;
  readonly #insert;
  readonly #remove;
  readonly #leaveWindows;
  readonly #byId;
  readonly #others;
  readonly #processes;
  #lock: BetterSqlite3.Database | undefined;
  #id = 0;

  constructor(db: BetterSqlite3.Database, file: string) {
    this.#path = file;
    this.#lockFile =
      file === "" ? "" : `${file}-host-${randomBytes(6).toString("hex")}`;
    this.#insert = db.prepare<[number, string, string, number, number]>(
      "insert into myjobs_host (pid, pid_start, lock_file, thread, time_start) values (?, ?, ?, ?, ?)",
    );
    this.#remove = db.prepare<[number]>("delete from myjobs_host where id = ?");
    this.#leaveWindows = db.prepare<[number]>(
      "delete from myjobs_window where host = ?",
    );
    this.#byId = db.prepare<[number], HostProcess>(
      "select id, pid, pid_start as pidStart from myjobs_host where id = ?",
    );
    this.#others = db.prepare<[number], HostRow>(
      "select id, pid, pid_start as pidStart, lock_file as lockFile, thread from myjobs_host where id != ?",
    );
    this.#processes = db.prepare<[number], { pid: number; pidStart: string }>(
      `select pid, pid_start as pidStart from myjobs_worker
       where host = ? and pid != 0 and type != 'inprocess' and state in ('NEW', 'WAITING', 'BUSY')`,
    );
  }

  get id(): number {
    return this.#id;
  }

  /** The lock is held before the row can be seen, so that nobody takes a new host for a dead one. */
  register(now: number): void {
    if (this.#path !== "") {
      // With the store's own mode, like the files that SQLite puts beside it.
      const mode = statSync(this.#path).mode & 0o777;
      closeSync(openSync(this.#lockFile, "wx", mode));
      this.#lock = hold(this.#lockFile);
    }
    const row = this.#insert.run(
      process.pid,
      processStart(process.pid),
      this.#lockFile,
      thread(),
      now,
    );
    this.#id = Number(row.lastInsertRowid);
    if (this.#path !== "") this.#sweep();
  }

  lost(): LostHost[] {
    return this.#others
      .all(this.#id)
      .filter((host) => !this.#lives(host))
      .map(({ id }) => ({ id, processes: this.#processes.all(id) }));
  }

  /** The process of another host, while it is one. */
  process(id: number): HostProcess | undefined {
    return id === this.#id ? undefined : this.#byId.get(id);
  }

  assertAlone(but: readonly number[] = []): void {
    const others = this.#others
      .all(this.#id)
      .filter((host) => !but.includes(host.id) && this.#lives(host));
    if (others.length === 0) return;
    const pids = others.map(({ pid }) => pid).join(", ");
    throw new StoreError(
      `reset ${this.#path || ":memory:"}: another instance has the store open (pid ${pids})`,
      "in-use",
      this.#path,
    );
  }

  remove(id: number): void {
    this.#leaveWindows.run(id);
    this.#remove.run(id);
  }

  /** Removes the locks of hosts that are gone. */
  unlock(ids: readonly number[]): void {
    try {
      for (const { id, lockFile } of this.#others.all(this.#id))
        if (ids.includes(id)) removeLock(lockFile);
    } catch (cause) {
      throw storeError("write", this.#path, cause);
    }
  }

  /** Lets go of this host's lock in any case: a file that cannot be removed is nobody's then. */
  release(): void {
    try {
      removeLock(this.#lockFile);
    } catch (cause) {
      throw storeError("close", this.#path, cause);
    } finally {
      this.#lock?.close();
      this.#lock = undefined;
    }
  }

  /**
   * Removes the locks of those that died before anybody could know of them, or after all had forgotten
   * them. Each is made, and told of, in one transaction: in ours, one that is not told of is nobody's.
   */
  #sweep(): void {
    const known = this.#others.all(this.#id).map(({ lockFile }) => lockFile);
    const names = new Set(
      [this.#lockFile, ...known].map((file) => path.basename(file)),
    );
    const { dir, base } = path.parse(this.#path);
    for (const name of entries(dir)) {
      if (!name.startsWith(`${base}-host-`)) continue;
      const [lock = ""] =
        /^[0-9a-f]{12}/.exec(name.slice(base.length + 6)) ?? [];
      if (lock !== "" && !names.has(`${base}-host-${lock}`))
        rmSync(path.join(dir, name), { force: true });
    }
  }

  #lives({ pid, pidStart, lockFile, ...host }: HostRow): boolean {
    // A lock of this very process says nothing to it: record locks do not conflict within one. Its file does, and its thread.
    if (pid === process.pid && pidStart === processStart(process.pid))
      return (
        threadLives(host.thread) && (lockFile === "" || existsSync(lockFile))
      );
    try {
      if (existsSync(lockFile)) hold(lockFile).close();
      return false;
    } catch (cause) {
      if (isBusy(cause)) return true;
      // It closed, and took its lock away, while we looked.
      if (!existsSync(lockFile)) return false;
      throw cause;
    }
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // it may be entered, but not be read
  }
}

/** SQLite keeps a journal beside a file that it has locked; a host in memory has none. */
function removeLock(file: string): void {
  if (file === "") return;
  for (const suffix of ["", "-journal"]) rmSync(file + suffix, { force: true });
}

function hold(file: string): BetterSqlite3.Database {
  const lock = new BetterSqlite3(file, { timeout: 0, fileMustExist: true });
  try {
    lock.exec("begin exclusive");
  } catch (cause) {
    lock.close();
    throw cause;
  }
  return lock;
}
