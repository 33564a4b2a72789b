import { type FSWatcher, watch } from "node:fs";

import type BetterSqlite3 from "better-sqlite3";

import {
  clearInterval,
  clearTimeout,
  setImmediate,
  setInterval,
  setTimeout,
} from "../../clock.js";
import type { Fellows } from "./fellows.js";

/** Behind the wake-ups stands a slow look, in case one is missed; it costs some microseconds. */
const pollInterval = 100;
/** The log is written, then synced, then its commit can be seen: milliseconds between looks after a write. */
const afterWrite = [1, 1, 1, 1, 2, 2, 4, 4, 8, 16];
/** So many of them are so near that a further write need not hasten the next. */
const quickLooks = 4;
/** So many wake-ups in a row that told of nothing are echoes of our own commits. */
const mostEchoes = 4;

/**
 * Tells of other processes' commits, mostly within a millisecond: each writes to the write-ahead log,
 * which is watched; but not while our own commits come one after another, each of which would wake us, too.
 * Those of fellows on one Database, of which SQLite says nothing, are told by themselves.
 * Runs only while somebody listens, and never keeps the process alive.
 */
export class Changes {
  readonly #callbacks = new Set<() => void>();
  /** '' = none: the store is in memory. */
  readonly #log: string;
  readonly #version;
  readonly #fellows: Fellows | undefined;
  #told = 0;
  #seen: number | undefined;
  #poll: NodeJS.Timeout | undefined;
  #watcher: FSWatcher | undefined;
  #echoes = 0;
  #step = 0;
  #next: NodeJS.Timeout | undefined;

  constructor(db: BetterSqlite3.Database, path: string, fellows?: Fellows) {
    this.#log = path === "" ? "" : `${path}-wal`;
    this.#fellows = fellows;
    // Changes with the commits of other connections only, never with our own.
    this.#version = db.prepare<[], number>("pragma data_version").pluck();
  }

  listen(callback: () => void): () => void {
    // Memory of our own is shared with nobody.
    if (this.#log === "" && this.#fellows === undefined) return () => undefined;
    this.#callbacks.add(callback);
    this.#seen ??= this.#version.get();
    this.#poll ??= setInterval(() => {
      this.#watch();
      this.#look();
    }, pollInterval).unref();
    this.#watch();
    this.#fellows?.join(this.#hear);
    return () => {
      this.#callbacks.delete(callback);
      if (this.#callbacks.size === 0) this.stop();
    };
  }

  stop(): void {
    this.#fellows?.leave();
    clearInterval(this.#poll);
    this.#poll = undefined;
    clearTimeout(this.#next);
    this.#next = undefined;
    this.#unwatch();
  }

  /** In a turn of its own: whom it wakes has nothing to do with the commit that it was told of. */
  readonly #hear = (): void => {
    this.#told += 1;
    setImmediate(() => {
      this.#lookSoon();
    });
  };

  #watch(): void {
    if (this.#watcher !== undefined || this.#log === "") return;
    this.#echoes = 0;
    try {
      // Several writes may be told as one: it is only a hint.
      this.#watcher = watch(this.#log, { persistent: false }, (event) => {
        this.#echoes += 1;
        // The log was removed, or is another file now: the next poll watches that.
        if (event === "rename" || this.#echoes > mostEchoes) this.#unwatch();
        this.#lookSoon();
      });
      this.#watcher.on("error", () => {
        this.#unwatch();
      });
    } catch {
      // No log yet, or no watches left: until there is, the poll does it alone.
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #lookSoon(): void {
    if (this.#poll === undefined) return;
    const soon = this.#next !== undefined && this.#step <= quickLooks;
    this.#step = 0;
    if (soon) return;
    clearTimeout(this.#next);
    this.#look();
    this.#lookOn();
  }

  #lookOn(): void {
    this.#next = undefined;
    // Who was told may have been the last to listen.
    if (this.#poll === undefined) return;
    const wait = afterWrite[this.#step];
    this.#step += 1;
    if (this.#step > quickLooks) this.#watch();
    if (wait === undefined) return;
    this.#next = setTimeout(() => {
      this.#look();
      this.#lookOn();
    }, wait).unref();
  }

  #look(): void {
    let version = -1;
    try {
      version = (this.#version.get() ?? -1) + this.#told;
    } catch {
      // The store cannot be read: those who listen will ask it something, and be told the reason.
    }
    if (version === this.#seen) return;
    this.#seen = version;
    this.#echoes = 0;
    for (const callback of this.#callbacks) callback();
  }
}
