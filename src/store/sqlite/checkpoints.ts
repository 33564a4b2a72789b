import { once } from "node:events";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";

import type BetterSqlite3 from "better-sqlite3";

import { monotonic } from "../../clock.js";
import { checkpointProgram } from "../../programs.js";

/** Pages in the log that are worth a checkpoint. SQLite's own default. */
const worthwhile = 1_000;
/** With so many, those who write in other processes must wait as well: else it might grow for ever. */
const tooLong = 4 * worthwhile;
/** Milliseconds between looks at the log's length. */
const interval = 10;
/** How long the thread waits for those who write in other processes, in milliseconds. */
const timeout = 100;

/** Passive waits for nobody; full waits until nobody writes, and then lets nobody write. */
type Mode = "passive" | "full";

const checkpoint = (mode: Mode): string => `pragma wal_checkpoint(${mode});`;

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
 * within a commit, which then takes as long as two syncs. A thread with a connection of its own does it,
 * from the first time on that there is something to do. Where no thread can be had, SQLite does it.
 */
export class Checkpoints {
  readonly #db: BetterSqlite3.Database;
  readonly #file: string;
  readonly #length;
  #thread: Worker | undefined;
  #running: Promise<void> | undefined;
  #pause: Promise<void> | undefined;
  #lookedAt = -Infinity;
  /** The thread's end, for whatever reason. */
  readonly #ended = new AbortController();

  constructor(db: BetterSqlite3.Database, file: string) {
    this.#db = db;
    this.#file = file;
    this.#length = db.prepare<[], Length>("pragma wal_checkpoint(noop)");
    // Only should the thread not keep up.
    db.pragma(`wal_autocheckpoint = ${String(2 * tooLong)}`);
  }

  /** Until this resolves, nothing is to be committed here. */
  get pause(): Promise<void> | undefined {
    return this.#pause;
  }

  /** There was a commit. Cheap. */
  look(): void {
    if (this.#running !== undefined || this.#ended.signal.aborted) return;
    const now = monotonic();
    if (now - this.#lookedAt < interval) return;
    this.#lookedAt = now;
    if (left(this.#length.get()!) < worthwhile) return;
    const running = this.#run().catch(ignore);
    this.#running = running.then(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when the thread is gone. Nothing may be committed any more. */
  async close(): Promise<void> {
    await this.#running;
    if (this.#thread === undefined || this.#ended.signal.aborted) return;
    this.#thread.ref();
    const exit = once(this.#thread, "exit");
    this.#thread.postMessage("close");
    await exit;
  }

  async #run(): Promise<void> {
    const thread = (this.#thread ??= this.#start());
    await this.#do(thread, checkpoint("passive"));
    // What was written meanwhile is little. Did nobody pause, there would always be some, and the log would never begin anew.
    const mode = this.#length.get()!.log < tooLong ? "passive" : "full";
    const anew = this.#do(thread, checkpoint(mode) + touch);
    this.#pause = anew.then(ignore, ignore);
    await this.#pause;
    this.#pause = undefined;
  }

  #start(): Worker {
    // By its path: two copies of SQLite in one process would drop each other's locks.
    const library = createRequire(import.meta.url).resolve("better-sqlite3");
    const workerData = { file: this.#file, library, timeout };
    const thread = new Worker(checkpointProgram(), {
      workerData,
      execArgv: [],
    });
    thread.unref();
    thread.on("error", ignore); // its exit follows
    thread.once("exit", () => {
      this.#ended.abort();
      this.#db.pragma(`wal_autocheckpoint = ${String(worthwhile)}`);
    });
    return thread;
  }

  async #do(thread: Worker, sql: string): Promise<void> {
    const { signal } = this.#ended;
    const answer = once(thread, "message", { signal });
    thread.postMessage(sql);
    // What hinders it hinders our commits, too, which tell of it.
    await answer;
  }
}

function left({ log, checkpointed }: Length): number {
  return log - checkpointed;
}

function ignore(): void {
  // The thread has ended: from now on SQLite does it.
}
