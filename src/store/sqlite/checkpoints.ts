import type BetterSqlite3 from "better-sqlite3";

import { monotonic } from "../../clock.js";
import type { LogSync } from "./logSync.js";
import { SqlThread } from "./thread.js";

/** Pages in the log that are worth a checkpoint, if SQLite makes it within a commit: its own default. */
const ownDefault = 1_000;
/** The same, if we do: each is in the way of a job or two, which of single jobs were one in a hundred otherwise. */
const worthwhile = 4 * ownDefault;
/** With so many, those who write in other processes must wait as well: else it might grow for ever. */
const tooLong = 2 * worthwhile;
/** Milliseconds between looks at the log's length, which may bring about a sync each. */
const interval = 3;
/** Pages in the log that are worth a sync, where commits make none. */
const portion = 64;
/** Milliseconds until the next checkpoint, where one has brought little; each time twice as long, up to the last. */
const [firstRest, longestRest] = [1_000, 30_000];

/** Passive waits for nobody; full waits until nobody writes, and then lets nobody write. */
const checkpoint = (mode: "passive" | "full"): string =>
  `pragma wal_checkpoint(${mode})`;

/**
 * Changes nothing, but is written (what is only set to what it was is not). Who writes the first into a log
 * that begins anew must sync its head before.
 */
const touch = `
  begin immediate;
  insert into myjobs_window (nr, host) values (-1, -1);
  delete from myjobs_window where nr = -1;
  commit;`;

/** Pages that are in the log, and how many of them are in the file, too. */
interface Length {
  log: number;
  checkpointed: number;
}

/**
 * Moves what the write-ahead log holds into the store's file, beside the event loop: SQLite would do it
 * within a commit, which then takes as long as two syncs. Where no thread can be had, SQLite does it.
 * A log that no commit syncs is written out in portions as it grows: all at once it would keep disk and
 * cores from what runs meanwhile, so that of single jobs one in fifty took three times as long.
 */
export class Checkpoints {
  readonly #db: BetterSqlite3.Database;
  readonly #thread: SqlThread;
  readonly #length;
  readonly #unsynced: Pick<LogSync, "busy" | "synced" | "close"> | undefined;
  /** So much of the log has been written out. */
  #written = 0;
  #running: Promise<void> | undefined;
  #pause: Promise<void> | undefined;
  #notBefore = -Infinity;
  #rest = 0;

  /** `unsynced` is the log, if nobody else syncs it. */
  constructor(
    db: BetterSqlite3.Database,
    file: string,
    unsynced?: Pick<LogSync, "busy" | "synced" | "close">,
  ) {
    this.#db = db;
    this.#unsynced = unsynced;
    this.#length = db.prepare<[], Length>("pragma wal_checkpoint(noop)");
    this.#thread = new SqlThread(file, () => {
      this.#leaveTo(ownDefault);
    });
    // Only should the thread not keep up.
    this.#leaveTo(2 * tooLong);
  }

  /** Until this resolves, nothing is to be committed here. */
  get pause(): Promise<void> | undefined {
    return this.#pause;
  }

  /** There was a commit. Cheap. */
  look(): void {
    if (this.#running !== undefined || this.#thread.gone) return;
    const now = monotonic();
    if (now < this.#notBefore) return;
    this.#notBefore = now + interval;
    const { log, checkpointed } = this.#measure();
    this.#writeOut(log);
    if (log - checkpointed < worthwhile) return;
    this.#running = this.#run()
      .catch(ignore)
      .then(() => {
        this.#running = undefined;
        this.#takeRest();
      });
  }

  /** Resolves when the thread is gone. Nothing may be committed any more. */
  async close(): Promise<void> {
    await this.#running;
    await this.#unsynced?.close();
    await this.#thread.close();
  }

  #writeOut(pages: number): void {
    if (pages < this.#written) this.#written = 0; // the log has begun anew
    if (pages - this.#written < portion || this.#unsynced?.busy !== false)
      return;
    this.#written = pages;
    // It is the checkpoint, and then the commits, that tell of a disk which fails.
    this.#unsynced.synced().catch(() => undefined);
  }

  async #run(): Promise<void> {
    await this.#thread.do(checkpoint("passive"));
    // What was written meanwhile is little. Did nobody pause, there would always be some, and the log would never begin anew.
    this.#pause = this.#beginAnew().catch(ignore);
    await this.#pause;
    this.#pause = undefined;
  }

  async #beginAnew(): Promise<void> {
    const mode = this.#measure().log < tooLong ? "passive" : "full";
    await this.#thread.do(checkpoint(mode));
    if (this.#left === 0) await this.#thread.do(touch);
  }

  /** Somebody who reads for long, or a fault, may be in the way: then there is as much left as before. */
  #takeRest(): void {
    const isInVain = this.#left >= worthwhile;
    const longer = Math.min(Math.max(2 * this.#rest, firstRest), longestRest);
    this.#rest = isInVain ? longer : 0;
    this.#notBefore = monotonic() + Math.max(this.#rest, interval);
  }

  get #left(): number {
    const { log, checkpointed } = this.#measure();
    return log - checkpointed;
  }

  #measure(): Length {
    try {
      return this.#length.get()!;
    } catch {
      // The next commit meets it, too, and tells of it.
      return { log: 0, checkpointed: 0 };
    }
  }

  /** SQLite's own checkpoint, within a commit that finds so many pages in the log. */
  #leaveTo(pages: number): void {
    if (this.#db.open) this.#db.pragma(`wal_autocheckpoint = ${String(pages)}`);
  }
}

function ignore(): void {
  // The thread has ended: from now on SQLite does it.
}
