import { type ChildProcess, fork } from "node:child_process";

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
import { readToEnd, told } from "./pipes.js";
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
/** How long it may live on when it can tell no more, in milliseconds. */
const muteLimit = 1_000;

/** A worker's forked process, which leads a process group of its own. */
export class Subprocess implements Vessel {
  readonly killable = true;
  readonly #options: SubprocessOptions;
  readonly #reaper: Reaper;
  readonly #port: VesselPort;
  readonly #tail = new Tail();
  #marks: Marks | undefined;
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

  get marks(): Marks | undefined {
    return this.#marks;
  }

  async start(): Promise<void> {
    let child: ChildProcess;
    try {
      child = this.#fork();
    } catch (cause) {
      throw this.#notStarted(cause as Error);
    }
    if (child.pid !== undefined) this.#reaper.add(child.pid);
    const isShown = this.#options.watched !== "";
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
    await this.#booted(child);
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
    this.#marks?.close();
  }

  #fork(): ChildProcess {
    const { concurrency, resultLimit, maxRss, watched } = this.#options;
    const { workerExecArgv, workerEnv } = this.#options;
    const settings: ChildSettings = {
      concurrency,
      resultLimit,
      maxRss,
      watched,
    };
    const { file, execArgv } = subprocessProgram();
    this.#marks = new Marks(nameless(marksSize));
    return (this.#child = fork(file, [JSON.stringify(settings)], {
      detached: true,
      execArgv: programFlags(execArgv, workerExecArgv ?? childExecArgv()),
      env: childEnvironment(workerEnv),
      stdio: ["ignore", "pipe", "pipe", "ipc", this.#marks.fd, "pipe"],
    }));
  }

  /** Resolves when it says that it is ready. */
  async #booted(child: ChildProcess): Promise<void> {
    let isLate = false;
    let isReady = false;
    const limit = setTimeout(() => {
      isLate = true;
      this.signal("SIGKILL");
    }, bootLimit);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#ready = () => {
          isReady = true;
          resolve();
        };
        child.once("error", (cause) => {
          reject(this.#notStarted(cause));
        });
        child.once("exit", (exitCode, signal) => {
          void this.#close(child, exitCode, signal).then(() => {
            if (isReady) return;
            const how = isLate
              ? `was not ready within ${String(bootLimit)} ms`
              : `ended with ${signal ?? `exit code ${String(exitCode)}`} before it was ready`;
            const output = this.#tail.text;
            reject(
              new WorkerError(`a worker's process ${how}:\n${output}`, output),
            );
          });
        });
      });
    } finally {
      clearTimeout(limit);
    }
  }

  /** There is no process, and there will be none. */
  #notStarted(cause: Error): WorkerError {
    this.#tail.add(Buffer.from(cause.message));
    this.#end(null, null);
    const message = `a worker's process cannot be started: ${cause.message}`;
    return new WorkerError(message, "", { cause });
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

  async #close(
    child: ChildProcess,
    exitCode: number | null,
    signal: string | null,
  ): Promise<void> {
    signalGroup(child.pid ?? 0, "SIGKILL");
    await readToEnd(child);
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
