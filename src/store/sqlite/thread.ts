import { once } from "node:events";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";

import { checkpointProgram } from "../../programs.js";

/** How long it waits for those who write in other processes, in milliseconds. */
const timeout = 100;

/** A thread with a connection of its own to a store; it is there from the first time on that it is needed. */
export class SqlThread {
  readonly #file: string;
  readonly #onEnd: () => void;
  readonly #ended = new AbortController();
  #thread: Worker | undefined;

  /** `onEnd` is called when it has ended, for whatever reason, or cannot be started. */
  constructor(file: string, onEnd: () => void) {
    this.#file = file;
    this.#onEnd = onEnd;
  }

  /** It will do nothing more. */
  get gone(): boolean {
    return this.#ended.signal.aborted;
  }

  /** Resolves when it has been tried: others may be in its way. Rejects if the thread cannot be had, or ends. */
  async do(sql: string): Promise<void> {
    const { signal } = this.#ended;
    signal.throwIfAborted();
    const thread = (this.#thread ??= this.#start());
    const answer = once(thread, "message", { signal });
    thread.ref();
    thread.postMessage(sql);
    await answer;
    thread.unref();
  }

  /** Resolves when it is gone. */
  async close(): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined || this.gone) return;
    const exit = once(thread, "exit");
    thread.ref();
    thread.postMessage("close");
    await exit;
  }

  #start(): Worker {
    try {
      // By its path: two copies of SQLite in one process would drop each other's locks.
      const library = createRequire(import.meta.url).resolve("better-sqlite3");
      const workerData = { file: this.#file, library, timeout };
      const options = { workerData, execArgv: [] };
      const thread = new Worker(checkpointProgram(), options);
      thread.on("error", () => undefined); // its exit follows
      thread.once("exit", this.#end);
      return thread;
    } catch (cause) {
      this.#end();
      throw cause;
    }
  }

  readonly #end = (): void => {
    this.#ended.abort();
    this.#onEnd();
  };
}
