import { hold, setImmediate, soon } from "../clock.js";
import { Runner } from "../execution/runner.js";
import type { ChildSettings, WorkMessage } from "../transport/messages.js";
import type { Vessel, VesselPort } from "./vessel.js";

/** A worker in this very process. It restores and runs an action just as a child does, but cannot be stopped by force. */
export class Inprocess implements Vessel {
  readonly killable = false;
  readonly marks = undefined;
  readonly silent = false;
  readonly pid = process.pid;
  readonly #runner: Runner;
  readonly #port: VesselPort;
  /** A worker holds its process alive. */
  readonly #letGo = hold();
  #gone = false;

  constructor(settings: ChildSettings, port: VesselPort) {
    this.#port = port;
    this.#runner = new Runner(
      {
        ended: (end) => {
          if (!this.#gone) port.ended(end);
        },
        skipped: ({ job, mark }) => {
          port.skipped(job.id, mark);
        },
      },
      settings,
      // What was given up on runs on here, and must not be in the way of the next: the worker bounds what it sends.
      { queue: { add: (run) => run() } },
    );
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Who asks is this very process. */
  ping(): void {
    // It is well.
  }

  send(message: WorkMessage): void {
    // Not within the caller's turn, so that a job sees the same world as in a child.
    setImmediate(() => {
      if (this.#gone && message.type === "jobs") return;
      this.#runner.take(message);
    });
  }

  signal(): void {
    this.leave();
  }

  close(): void {
    // It holds nothing.
  }

  leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#letGo();
    soon(() => {
      this.#port.gone({ exitCode: null, signal: null, output: "" });
    });
  }
}
