import { type ChildProcess, spawn } from "node:child_process";

import { setTimeout } from "../clock.js";
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
    const reaper = spawn("sh", [reaperProgram()], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#process = reaper;
    reaper.unref();
    // The pipe's own type does not say so, but it is a socket.
    (reaper.stdin as unknown as { unref(): void }).unref();
    reaper.stdin.on("error", () => undefined); // its exit tells
    reaper.once("error", (cause) => {
      this.#process = undefined;
      this.#onError(
        new Error(`the reaper cannot be started: ${cause.message}`, { cause }),
      );
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

  #tell(line: string): void {
    this.#process?.stdin?.write(`${line}\n`);
  }
}
