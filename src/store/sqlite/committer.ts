import type BetterSqlite3 from "better-sqlite3";

import {
  clearTimeout,
  monotonic,
  setImmediate,
  setTimeout,
} from "../../clock.js";
import { StoppedError } from "../../errors.js";
import type { Checkpoints } from "./checkpoints.js";
import { isBusy, storeError } from "./faults.js";
import type { LogSync } from "./logSync.js";
import { Presence } from "./presence.js";

/** How long another program may keep the file locked before we say so. */
const longestLock = 30_000;
/** A commit takes what came in its turn, but does not hold the event loop for longer than about this. */
const commitBudget = 8;

interface Operation {
  run: (alone: boolean) => unknown;
  resolve: (value: never) => void;
  reject: (cause: Error) => void;
  /** It was in a transaction that failed. */
  alone: boolean;
  /** The disk need not have it before its promise settles. */
  light: boolean;
  last: boolean;
}

/** Thrown by an operation whose quick way does not do: it runs again, alone and told so. */
export class NotQuickly extends Error {}

/** How an operation goes into the transaction of its turn. */
export interface Manner {
  /** After all that is asked for in the same turn, so that a claim sees every insert. */
  last?: boolean;
  /**
   * Losing it to a power cut does no harm: it need not be on the disk before its promise settles. It
   * survives any process's death, and is synced with the next one that is not light.
   */
  light?: boolean;
}

export const light: Manner = { light: true };

/** What is done beside the event loop with what has been committed. */
export interface Beside {
  /** Absent where it is not for us to sync it. */
  log?: Pick<LogSync, "busy" | "synced" | "close">;
  /** Absent where SQLite itself does it. */
  checkpoints?: Pick<Checkpoints, "pause" | "look" | "close">;
}

/**
 * Gathers the operations asked for in one turn of the event loop and commits them in one transaction;
 * each promise settles after the commit, when the disk has it and all before it. One that throws is alone
 * in failing: the transaction is rolled back and its operations run again, each in one of its own, so an
 * operation may change nothing but the database.
 */
export class Committer {
  readonly #db: BetterSqlite3.Database;
  readonly #store: string;
  readonly #patience: number;
  readonly #beside: Beside;
  readonly #changes;
  readonly #version;
  #seen = 0;
  #theirs = 0;
  readonly #presence: Presence;
  #waiting: Operation[] = [];
  #last: Operation[] = [];
  #scheduled = false;
  #lockedSince = 0;
  #retry: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];
  #closed = false;
  #stretch = 0;

  constructor(
    db: BetterSqlite3.Database,
    store: string,
    beside: Beside = {},
    patience = longestLock,
  ) {
    this.#db = db;
    this.#store = store;
    this.#patience = patience;
    this.#beside = beside;
    this.#changes = db.prepare<[], number>("select total_changes()").pluck();
    this.#version = db.prepare<[], number>("pragma data_version").pluck();
    this.#presence = new Presence(store);
  }

  /** The same number during operations that come `last` and have nothing between them. */
  get stretch(): number {
    return this.#stretch;
  }

  run<T>(
    operation: (alone: boolean) => T,
    { last = false, light = false }: Manner = {},
  ): Promise<T> {
    if (this.#closed) return Promise.reject(new StoppedError("the store"));
    return new Promise<T>((resolve, reject) => {
      (last ? this.#last : this.#waiting).push({
        run: operation,
        resolve,
        reject,
        alone: false,
        light,
        last,
      });
      this.#schedule();
    });
  }

  /** Resolves when all that was asked for has been committed or refused; takes no more. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#scheduled)
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#beside.log?.close();
    await this.#beside.checkpoints?.close();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#commit();
    });
  }

  #commit(): void {
    clearTimeout(this.#retry);
    const pause = this.#beside.checkpoints?.pause;
    if (pause !== undefined) {
      void pause.then(() => {
        this.#commit();
      });
      return;
    }
    this.#scheduled = false;
    this.#waiting.push(...this.#last.splice(0));
    // A transaction of the owner of a given Database: its statements and ours must not mix.
    if (this.#db.inTransaction) {
      this.#later();
      return;
    }
    try {
      this.#db.exec("begin immediate");
    } catch (cause) {
      this.#notBegun(cause);
      return;
    }
    this.#lockedSince = 0;
    this.#stretch += 1;
    this.#together();
    if (this.#waiting.length > 0) this.#schedule();
    else for (const resolve of this.#idle.splice(0)) resolve();
  }

  #together(): void {
    const tried: Operation[] = [];
    const values: unknown[] = [];
    const deadline = monotonic() + commitBudget;
    try {
      for (const operation of this.#waiting) {
        tried.push(operation);
        if (!operation.last) this.#stretch += 1;
        values.push(operation.run(operation.alone));
        if (operation.alone || monotonic() > deadline) break;
      }
      this.#presence.check();
      this.#db.exec("commit");
    } catch (cause) {
      this.#rollback();
      if (tried.length > 1 || cause instanceof NotQuickly) {
        for (const operation of tried) operation.alone = true;
      } else {
        this.#waiting.shift();
        tried[0]?.reject(storeError("write", this.#store, cause));
      }
      return;
    }
    this.#waiting.splice(0, tried.length);
    this.#settle(tried, values);
    this.#beside.checkpoints?.look();
  }

  /** What only reads waits, too, for what it may have read. */
  #settle(committed: readonly Operation[], values: readonly unknown[]): void {
    const { log } = this.#beside;
    const waits = log !== undefined && committed.some(({ light }) => !light);
    const synced = waits && (this.#hasNews() || log.busy) && log.synced();
    committed.forEach(({ light, resolve, reject }, index) => {
      const value = values[index] as never;
      if (synced === false || light) resolve(value);
      else
        synced.then(
          () => {
            resolve(value);
          },
          (cause: unknown) => {
            this.#seen = -1; // still not on the disk: the next to ask waits, too
            reject(storeError("write", this.#store, cause));
          },
        );
    });
  }

  /** Whether there is anything that was written since the last sync, here or by others. */
  #hasNews(): boolean {
    const [seen, theirs] = [this.#seen, this.#theirs];
    this.#seen = this.#changes.get() ?? 0;
    this.#theirs = this.#version.get() ?? 0;
    return this.#seen !== seen || this.#theirs !== theirs;
  }

  #rollback(): void {
    // SQLite has rolled back by itself after a full disk or an I/O error.
    if (this.#db.inTransaction) this.#db.exec("rollback");
  }

  #notBegun(cause: unknown): void {
    this.#lockedSince ||= monotonic();
    if (isBusy(cause) && monotonic() - this.#lockedSince < this.#patience) {
      this.#later();
      return;
    }
    this.#lockedSince = 0;
    const error = storeError("write", this.#store, cause);
    for (const operation of this.#waiting.splice(0)) operation.reject(error);
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #later(): void {
    this.#scheduled = true;
    this.#retry = setTimeout(
      () => {
        this.#commit();
      },
      1 + Math.random() * 4,
    );
  }
}
