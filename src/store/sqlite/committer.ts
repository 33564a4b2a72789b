import type BetterSqlite3 from "better-sqlite3";

import { monotonic, setImmediate, setTimeout } from "../../clock.js";
import { StoppedError } from "../../errors.js";
import type { Checkpoints } from "./checkpoints.js";
import { isBusy, occupied, storeError } from "./faults.js";
import type { Fellows } from "./fellows.js";
import type { LogSync } from "./logSync.js";
import { type Operation, Operations, type Part } from "./operations.js";
import { Presence } from "./presence.js";

/** How long another program may keep the file locked before we say so. */
const longestLock = 30_000;
/** Thrown by an operation whose quick way does not do: it runs again, alone and told so. */
export class NotQuickly extends Error {}

/** How an operation goes into the transaction of its turn. */
export interface Manner {
  part?: Part;
  /**
   * Losing it to a power cut does no harm: it need not be on the disk before its promise settles. It
   * survives any process's death, and is synced with the next one that is not light.
   */
  light?: boolean;
}

export const light: Manner = { light: true };
/** What becomes of jobs and workers, so that no backlog of new jobs holds it up. */
export const first: Manner = { part: "first" };
export const firstLight: Manner = { ...first, ...light };
/** What is about the jobs that can be had, so that it sees every insert of the same turn. */
export const last: Manner = { part: "last" };

/** What is done with what has been committed, the first two beside the event loop. */
export interface Beside {
  /** Absent where it is not for us to sync it. */
  log?: Pick<LogSync, "busy" | "synced" | "close">;
  /** Absent where SQLite itself does it. */
  checkpoints?: Pick<Checkpoints, "pause" | "look" | "close">;
  /** Absent where no other commits on this connection. */
  fellows?: Pick<Fellows, "tell">;
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
  readonly #operations = new Operations();
  #scheduled = false;
  #lockedSince = 0;
  #idle: (() => void)[] = [];
  #closed = false;
  #transaction = 0;

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

  /** Counts the transactions. */
  get transaction(): number {
    return this.#transaction;
  }

  run<T>(
    run: (alone: boolean) => T,
    { part = "between", light = false }: Manner = {},
  ): Promise<T> {
    if (this.#closed) return Promise.reject(new StoppedError("the store"));
    return new Promise<T>((resolve, reject) => {
      this.#operations.push({
        run,
        value: undefined,
        resolve: resolve as (value: unknown) => void,
        reject,
        part,
        light,
        alone: false,
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
    const pause = this.#beside.checkpoints?.pause;
    if (pause !== undefined) {
      void pause.then(() => {
        this.#commit();
      });
      return;
    }
    this.#scheduled = false;
    try {
      // A transaction of the owner of a given Database: its statements and ours must not mix.
      if (this.#db.inTransaction) throw occupied();
      this.#db.exec("begin immediate");
    } catch (cause) {
      this.#notBegun(cause);
      return;
    }
    this.#lockedSince = 0;
    this.#transaction += 1;
    this.#together();
    if (this.#operations.any) this.#schedule();
    else for (const resolve of this.#idle.splice(0)) resolve();
  }

  #together(): void {
    const operations = this.#operations;
    try {
      operations.run();
      // Who stores or asks anything, which each host does every second, is told; ends and claims need not find it out.
      if (operations.others) this.#presence.check();
      this.#db.exec("commit");
    } catch (cause) {
      this.#rollback();
      if (operations.taken > 1 || cause instanceof NotQuickly)
        operations.separate();
      else
        operations.done(({ reject }) => {
          reject(storeError("write", this.#store, cause));
        });
      return;
    }
    this.#settle();
    this.#beside.checkpoints?.look();
    this.#beside.fellows?.tell();
  }

  /** What only reads waits, too, for what it may have read. */
  #settle(): void {
    const { log } = this.#beside;
    const waits = log !== undefined && !this.#operations.light;
    const isSynced = !waits || !(this.#hasNews() || log.busy);
    if (isSynced) this.#operations.done(resolved);
    else {
      const synced = log.synced();
      this.#operations.done((operation) => {
        this.#settleWhen(synced, operation);
      });
    }
  }

  #settleWhen(synced: Promise<void>, operation: Operation): void {
    const { light, value, resolve, reject } = operation;
    if (light) resolve(value);
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
    for (const { reject } of this.#operations.clear()) reject(error);
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #later(): void {
    this.#scheduled = true;
    setTimeout(
      () => {
        this.#commit();
      },
      1 + Math.random() * 4,
    );
  }
}

function resolved({ resolve, value }: Operation): void {
  resolve(value);
}
