import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";

import { setTimeout } from "../clock.js";
import { WorkerError } from "../errors.js";
import { reaperProgram } from "../programs.js";

/** Milliseconds. */
const restartAfter = 50;

/**
 * One small process a host, with a session of its own, that outlives a host which dies by SIGKILL just
 * long enough to kill the children's process groups: a child in a busy loop cannot see its host go.
 */
export class Reaper {
  readonly #groups = new Set<number>();
  readonly #onError: (error: Error) => void;
  #process: ChildProcess | undefined;

  constructor(onError: (error: Error) => void) {
    this.#onError = onError;
  }

  add(group: number): void {
    this.#groups.add(group);
    if (this.#process === undefined) this.#start();
    else this.#tell(`+${String(group)}`);
  }

  /** Group ids are reused: what has ended must not be killed under its successor's name. */
  remove(group: number): void {
    this.#groups.delete(group);
    this.#tell(`-${String(group)}`);
  }

  /** Stays without any to watch, since to start it again would hold up the next child's boot. */
  close(): void {
    this.#process?.stdin?.end();
    this.#process = undefined;
  }

  #start(): void {
    let reaper: ChildProcess;
    try {
      reaper = spawn("sh", [reaperProgram()], {
        detached: true,
        stdio: ["pipe", "ignore", "ignore"],
      });
    } catch (cause) {
      this.#notStarted(cause as Error);
      return;
    }
    this.#process = reaper;
    reaper.unref();
    // The pipe's own type does not say so, but it is a socket; without descriptors there is none.
    const pipe = reaper.stdin as (Writable & { unref(): void }) | null;
    pipe?.unref();
    pipe?.on("error", () => undefined); // its exit tells
    reaper.once("error", (cause) => {
      this.#notStarted(cause);
    });
    reaper.once("exit", () => {
      if (this.#process !== reaper) return;
      this.#process = undefined;
      // Not at once: one that cannot live must not be started without end.
      setTimeout(() => {
        if (this.#groups.size > 0 && this.#process === undefined) this.#start();
      }, restartAfter).unref();
    });
    for (const group of this.#groups) this.#tell(`+${String(group)}`);
  }

  /** The next child brings another try. */
  #notStarted(cause: Error): void {
    this.#process = undefined;
    const message = `the reaper cannot be started: ${cause.message}`;
    this.#onError(new WorkerError(message, "", { cause }));
  }

  #tell(line: string): void {
    this.#process?.stdin?.write(`${line}\n`);
  }
}
