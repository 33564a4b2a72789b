import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

import type { OpenOptions } from "../../src/index.js";
import { isStopped } from "../../src/processes.js";
import { until } from "../support/until.js";
import type { Answer, Calls, Question } from "./host.js";

/** What a call came to: its host may die before it answers. */
export type Reply<T> =
  | { kind: "value"; value: T }
  | { kind: "error"; error: string }
  | { kind: "lost" };

/** By which Node runs TypeScript. */
export const loader = pathToFileURL(
  createRequire(path.resolve("package.json")).resolve("tsx"),
).href;

/** A process that opens the store, and can be killed, stopped and continued. */
export class Host {
  readonly child: ChildProcess;
  readonly exit: Promise<void>;
  readonly nrMax: number;
  nrMin: number;
  /** Jobs that each of its children runs at a time. */
  readonly concurrency: number;
  /** Stopped by a signal. */
  frozen = false;
  /** Sent SIGKILL, by whomever. */
  killed = false;
  stopping = false;
  gone = false;
  /** What it said of faults of the system. */
  readonly faults: string[] = [];
  readonly #asked = new Map<number, (reply: Reply<never>) => void>();
  #nr = 0;
  #errors = "";
  #ended = "";

  constructor(
    nrMin: number,
    nrMax: number,
    concurrency: number,
    env: NodeJS.ProcessEnv,
  ) {
    this.nrMin = nrMin;
    this.nrMax = nrMax;
    this.concurrency = concurrency;
    this.child = fork(path.resolve("test/chaos/host.ts"), [], {
      execArgv: ["--import", loader],
      env,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.child.stderr!.on("data", (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    this.child.on("message", (answer: Answer) => {
      this.#hear(answer);
    });
    this.exit = new Promise((resolve) => {
      this.child.once("exit", (code, signal) => {
        this.gone = true;
        // A job may have done it.
        if (signal === "SIGKILL") this.killed = true;
        this.#ended = `${String(signal ?? code)} ${this.#errors}`;
        for (const settle of this.#asked.values()) settle({ kind: "lost" });
        this.#asked.clear();
        resolve();
      });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  get usable(): boolean {
    return !this.gone && !this.killed && !this.stopping;
  }

  /** How it ended, if that was not as it was told to. */
  get misdeed(): string {
    if (!this.gone || this.killed) return "";
    return this.stopping && this.#ended === "0 " ? "" : this.#ended;
  }

  call<Call extends keyof Calls>(
    call: Call,
    ...args: Parameters<Calls[Call]>
  ): Promise<Reply<ReturnType<Calls[Call]>>> {
    if (this.gone || this.killed) return Promise.resolve({ kind: "lost" });
    this.#nr += 1;
    const question: Question = { nr: this.#nr, call, args };
    return new Promise((resolve) => {
      this.#asked.set(question.nr, resolve);
      this.child.send(question, () => undefined);
    });
  }

  open(
    store: string,
    options: OpenOptions,
  ): Promise<Reply<ReturnType<Calls["open"]>>> {
    const { nrMin, nrMax, concurrency } = this;
    // By which jobs can tell.
    const workerEnv = { CHAOS_CONCURRENCY: String(concurrency) };
    const all = { ...options, concurrency, workerEnv };
    return this.call("open", store, all, nrMin, nrMax);
  }

  kill(): void {
    this.killed = true;
    this.child.kill("SIGKILL");
  }

  /** Stops it at a moment at which it does not hold the store's lock: else nobody could do a thing. */
  async freeze(free: () => boolean): Promise<void> {
    this.frozen = true;
    await until("it is stopped, and the store is free", async () => {
      this.child.kill("SIGSTOP");
      await until("it is stopped", () => this.gone || isStopped(this.pid));
      const begun = performance.now();
      while (performance.now() - begun < 300) {
        if (this.gone || free()) return true;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      this.child.kill("SIGCONT");
      return false;
    });
  }

  thaw(): void {
    this.frozen = false;
    this.child.kill("SIGCONT");
  }

  #hear(answer: Answer): void {
    if ("fault" in answer) {
      this.faults.push(answer.fault);
      return;
    }
    const settle = this.#asked.get(answer.nr);
    this.#asked.delete(answer.nr);
    if ("error" in answer) settle?.({ kind: "error", error: answer.error });
    else settle?.({ kind: "value", value: answer.value as never });
  }
}
