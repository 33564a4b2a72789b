import type BetterSqlite3 from "better-sqlite3";

import { clearInterval, setInterval } from "../../clock.js";

/** How often the file is asked whether another process has written to it; costs some microseconds. */
const pollInterval = 100;

/** Tells of other processes' commits. Runs only while somebody listens, and never keeps the process alive. */
export class Changes {
  readonly #callbacks = new Set<() => void>();
  readonly #version;
  #seen: number | undefined;
  #poll: NodeJS.Timeout | undefined;

  constructor(db: BetterSqlite3.Database) {
    // Changes with the commits of other connections only, never with our own.
    this.#version = db.prepare<[], number>("pragma data_version").pluck();
  }

  listen(callback: () => void): () => void {
    this.#callbacks.add(callback);
    this.#seen ??= this.#version.get();
    this.#poll ??= setInterval(() => {
      this.#look();
    }, pollInterval).unref();
    return () => {
      this.#callbacks.delete(callback);
      if (this.#callbacks.size === 0) this.stop();
    };
  }

  stop(): void {
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  #look(): void {
    let version = -1;
    try {
      version = this.#version.get() ?? -1;
    } catch {
      // The store cannot be read: those who listen will ask it something, and be told the reason.
    }
    if (version === this.#seen) return;
    this.#seen = version;
    for (const callback of this.#callbacks) callback();
  }
}
