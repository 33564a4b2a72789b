import { closeSync, fdatasync, fsyncSync, openSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import { setImmediate } from "../../clock.js";

/**
 * Syncs a store's write-ahead log to the disk beside the event loop, which SQLite's own sync at each commit
 * would hold up for as long as the disk takes. One sync serves all that was committed before it began.
 * (SQLite locks the file of the store and its index, never the log: to open and close it is harmless.)
 */
export class LogSync {
  readonly #store: string;
  #fd: number | undefined;
  #running: Promise<void> | undefined;
  /** Begins when the running one has ended, which may have begun too early. */
  #next: Promise<void> | undefined;

  constructor(store: string) {
    this.#store = store;
  }

  /** Whether a sync is under way. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** Resolves when all that has been written by now is on the disk; rejects if that cannot be told. */
  synced(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#begin();
    return (this.#next = this.#running.then(ignore, ignore).then(() => {
      this.#next = undefined;
      return this.#begin();
    }));
  }

  /** Resolves when nothing is under way, and the log is closed. */
  async close(): Promise<void> {
    while (this.#running !== undefined)
      await (this.#next ?? this.#running).catch(ignore);
    // Until its turn is over, what has called back counts as an open handle.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #begin(): Promise<void> {
    const running = this.#sync().finally(() => {
      this.#running = undefined;
    });
    return (this.#running = running);
  }

  async #sync(): Promise<void> {
    this.#fd ??= this.#open();
    await toDisk(this.#fd);
  }

  /** The log is there while a connection to the store is. */
  #open(): number {
    syncFolder(path.dirname(this.#store));
    return openSync(`${this.#store}-wal`, "r+");
  }
}

const toDisk = promisify(fdatasync);

function ignore(): void {
  // Each of those who asked is told by its own promise.
}

/** So that a power cut does not lose the log itself, if it is new. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
