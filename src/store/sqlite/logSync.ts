import { closeSync, fdatasync, fsyncSync, openSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import { setImmediate } from "../../clock.js";
import { Rounds } from "../../rounds.js";

/**
 * Syncs a store's write-ahead log to the disk beside the event loop, which SQLite's own sync at each commit
 * would hold up for as long as the disk takes. One sync serves all that was committed before it began.
 * (SQLite locks the file of the store and its index, never the log: to open and close it is harmless.)
 */
export class LogSync {
  readonly #store: string;
  #fd: number | undefined;
  // One that is under way may have begun too early.
  readonly #syncs = new Rounds(() => this.#sync());

  constructor(store: string) {
    this.#store = store;
  }

  /** Whether a sync is under way. */
  get busy(): boolean {
    return this.#syncs.busy;
  }

  /** Resolves when all that has been written by now is on the disk; rejects if that cannot be told. */
  synced(): Promise<void> {
    return this.#syncs.again();
  }

  /** Resolves when nothing is under way, and the log is closed. */
  async close(): Promise<void> {
    await this.#syncs.settled();
    // Until its turn is over, what has called back counts as an open handle.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
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

/** So that a power cut does not lose the log itself, if it is new. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
