import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";

import { clearTimeout, setTimeout } from "../clock.js";
import { WorkerError } from "../errors.js";
import type { JobError } from "../models/job.js";
import { signalGroup } from "../processes.js";
import { subprocessProgram } from "../programs.js";
import { Marks, marksSize } from "../transport/marks.js";
import {
  type ChildMessage,
  type ChildSettings,
  type HostMessage,
  tellFd,
  type WorkMessage,
} from "../transport/messages.js";
import { nameless } from "../transport/nameless.js";
import { packJobs } from "../transport/packing.js";
import { hear } from "../transport/tell.js";
import {
  childEnvironment,
  childExecArgv,
  programFlags,
} from "./environment.js";
import type { Reaper } from "./reaper.js";
import { Tail } from "./tail.js";
import type { Vessel, VesselPort } from "./vessel.js";

export interface SubprocessOptions extends ChildSettings {
  workerExecArgv: readonly string[] | undefined;
  workerEnv: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. */
  killGrace: number;
}

/** How long a child may take to be ready. */
const bootLimit = 30_000;
/** How long after its exit its pipes are read on, if something of its group still holds them. */
const closeLimit = 500;
/** How long it may live on when it can tell no more, in milliseconds. */
const muteLimit = 1_000;

/** A worker's forked process, which leads a process group of its own. */
export class Subprocess implements Vessel {
  readonly killable = true;
  readonly marks = new Marks(nameless(marksSize));
  readonly #options: SubprocessOptions;
  readonly #reaper: Reaper;
  readonly #port: VesselPort;
  readonly #tail = new Tail();
  #child: ChildProcess | undefined;
  #fault: { id: number; attempt: number; error: JobError } | undefined;
  #ready: (() => void) | undefined;
  #leaving: NodeJS.Timeout | undefined;
  #gone = false;
  #silent = false;

  constructor(options: SubprocessOptions, reaper: Reaper, port: VesselPort) {
    this.#options = options;
    this.#reaper = reaper;
    this.#port = port;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    const { concurrency, resultLimit, maxRss, watched } = this.#options;
    const { workerExecArgv, workerEnv } = this.#options;
    const settings: ChildSettings = {
      concurrency,
      resultLimit,
      maxRss,
      watched,
    };
    const { file, execArgv } = subprocessProgram();
    const child = fork(file, [JSON.stringify(settings)], {
      detached: true,
      execArgv: programFlags(execArgv, workerExecArgv ?? childExecArgv()),
      env: childEnvironment(workerEnv),
      stdio: ["ignore", "pipe", "pipe", "ipc", this.marks.fd, "pipe"],
    });
    this.#child = child;
    if (child.pid !== undefined) this.#reaper.add(child.pid);
    const isShown = watched !== "";
    this.#tail.follow(child.stdout, isShown ? process.stdout : undefined);
    this.#tail.follow(child.stderr, isShown ? process.stderr : undefined);
    hear(
      told(child),
      (message) => {
        this.#hear(message);
      },
      () => {
        this.#mute(intruded);
      },
    );
    told(child)?.once("end", () => {
      // Mostly it has ended; else a job has closed the way.
      this.#leaving ??= setTimeout(() => {
        this.#mute(closedWay);
      }, muteLimit);
    });
    const limit = setTimeout(() => {
      this.signal("SIGKILL");
    }, bootLimit);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#ready = resolve;
        child.once("error", (cause) => {
          this.#end(null, null);
          reject(
            new WorkerError(
              `a worker's process cannot be started: ${cause.message}`,
              "",
              { cause },
            ),
          );
        });
        child.once("exit", (exitCode, signal) => {
          void this.#close(child, exitCode, signal).then(() => {
            const how = signal ?? `exit code ${String(exitCode)}`;
            const output = this.#tail.text;
            reject(
              new WorkerError(
                `a worker's process ended with ${how} before it was ready:\n${output}`,
                output,
              ),
            );
          });
        });
      });
    } finally {
      clearTimeout(limit);
    }
  }

  get silent(): boolean {
    return this.#silent;
  }

  ping(): void {
    this.#silent = true;
    this.#tell({ type: "ping" });
  }

  send(message: WorkMessage): void {
    this.#tell(message);
  }

  signal(signal: "SIGTERM" | "SIGKILL"): void {
    if (this.#child === undefined) this.#end(null, null);
    else if (this.pid !== 0 && !this.#gone) signalGroup(this.pid, signal);
  }

  leave(): void {
    if (this.#child?.connected !== true) return;
    this.#child.disconnect();
    // What an ended job left running may keep it from seeing that.
    this.#leaving ??= setTimeout(() => {
      this.signal("SIGKILL");
    }, this.#options.killGrace);
  }

  close(): void {
    this.marks.close();
  }

  #tell(message: HostMessage): void {
    // A child that is just dying takes no message; its end is told by its exit.
    if (this.#child?.connected === true)
      this.#child.send(packJobs(message), () => undefined);
  }

  /** Nothing more can be heard of it. */
  #mute(why: string): void {
    this.#tail.add(Buffer.from(why));
    this.signal("SIGKILL");
  }

  #hear(message: ChildMessage): void {
    if (message.type === "end") this.#port.ended(message);
    else if (message.type === "skipped")
      this.#port.skipped(message.id, message.mark);
    else if (message.type === "pong") this.#silent = false;
    else if (message.type === "fault") this.#fault = message;
    else this.#ready?.();
  }

  /** What it wrote before it died is still read; but a process it left must not hold us by its pipes. */
  async #close(
    child: ChildProcess,
    exitCode: number | null,
    signal: string | null,
  ): Promise<void> {
    signalGroup(child.pid ?? 0, "SIGKILL");
    // Not the event `close`: it never comes where we were the ones to disconnect.
    let limit: NodeJS.Timeout | undefined;
    await Promise.race([
      Promise.all([
        closed(child.stdout),
        closed(child.stderr),
        closed(told(child)),
        disconnected(child),
      ]),
      new Promise((resolve) => (limit = setTimeout(resolve, closeLimit))),
    ]);
    clearTimeout(limit);
    child.stdout?.destroy();
    child.stderr?.destroy();
    told(child)?.destroy();
    this.#end(exitCode, signal);
  }

  #end(exitCode: number | null, signal: string | null): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#leaving);
    if (this.pid !== 0) this.#reaper.remove(this.pid);
    const gone = { exitCode, signal, output: this.#tail.text };
    this.#port.gone(
      this.#fault === undefined ? gone : { ...gone, fault: this.#fault },
    );
  }
}

const way = `file descriptor ${String(tellFd)}, by which the worker tells its host of ends\n`;
const intruded = `a job wrote to ${way}`;
const closedWay = `a job closed ${way}`;

/** What it tells us by; there is none if it could not be started. */
function told(child: Partial<ChildProcess>): Readable | undefined {
  return (child.stdio as readonly unknown[] | undefined)?.[tellFd] as
    Readable | undefined;
}

async function closed(stream: Readable | null | undefined): Promise<void> {
  if (stream && !stream.closed)
    await once(stream, "close").catch(() => undefined); // a reset is an end, too
}

async function disconnected(child: ChildProcess): Promise<void> {
  if (child.connected) await once(child, "disconnect");
}
