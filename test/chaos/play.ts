import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { MyJobs } from "../../src/index.js";
import { isAlive, isZombie, until } from "../support/until.js";
import { Answers } from "./answers.js";
import { Host } from "./cluster.js";
import type { History, Step } from "./history.js";
import { Losses } from "./losses.js";
import { Model, type World } from "./model.js";
import { isLive, Record, type WorkerRow } from "./record.js";
import { untruths } from "./untruths.js";
import { Windows } from "./windows.js";

const mostHosts = 3;
/** The limit of a job that has none of its own, in milliseconds. */
const workerTimeout = 2_000;
/** Whatever has been broken, all is settled by then, in milliseconds. */
const settleLimit = 60_000;

/** Plays a history against real processes, and compares what it comes to with the model. Throws at the first difference. */
export async function play({ concurrency, steps }: History): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "myjobs chaos '"));
  const store = path.join(folder, "jobs.db");
  await (await MyJobs.open({ store })).stop();
  const player = new Player(store, path.join(folder, "log"), concurrency);
  try {
    for (const step of steps) await player.take(step);
    await player.settle();
    const locks = readdirSync(folder).filter((name) => name.includes("-host-"));
    expectEqual(locks, [], "locks that were left behind");
  } finally {
    await player.end();
    rmSync(folder, { recursive: true });
  }
}

/** One that has ended is none, though tmux has not asked yet how the program of a window has. */
function isLeft(pid: number): boolean {
  return isAlive(pid) && !isZombie(pid);
}

class Player {
  readonly #store: string;
  readonly #log: string;
  readonly #concurrency: number;
  readonly #model = new Model();
  readonly #record: Record;
  readonly #hosts: Host[] = [];
  readonly #answers = new Answers();
  readonly #losses: Losses;
  readonly #stopped = new Set<number>();
  readonly #windows = new Windows();
  /** Whether a worker in a window was ended, so that who waits for one may be told so. */
  #windowsEnded = false;
  #values = 0;

  constructor(store: string, log: string, concurrency: number) {
    this.#store = store;
    this.#log = log;
    this.#concurrency = concurrency;
    this.#record = new Record(store, log);
    this.#losses = new Losses(this.#model, this.#record);
  }

  async take(step: Step): Promise<void> {
    await this.#do(step);
    this.#check();
  }

  /** Lets go of all that is held, and sees everything come to its end. */
  async settle(): Promise<void> {
    for (const host of this.#hosts) if (host.frozen) host.thaw();
    for (const pid of this.#stopped) signal(pid, "SIGCONT");
    await until(
      "every call has been answered, and every job has ended",
      async () => {
        this.#check();
        if (!this.#living().some(({ nrMin }) => nrMin > 0))
          await this.#openHost(1, 2);
        // What is still being scheduled may yet kill the last host.
        return this.#answers.pending === 0 && this.#record.unended() === 0;
      },
      settleLimit,
    );
    await until(
      "the pools are whole, windows kept, and the records of workers true",
      async () => (await this.#adopted()) && this.#untruths().length === 0,
      settleLimit,
    ).catch((cause: unknown) => {
      throw new Error(this.#untruths().join("; "), { cause });
    });
    for (const host of this.#living()) await this.#stopHost(host, true);
    await Promise.all(this.#hosts.map(({ exit }) => exit));
    expectEqual(this.#windows.list(), [], "windows");
    // One whose host died while it opened it shows how its program ended, until that number is opened again.
    if (this.#model.lostHosts.size === 0)
      expectEqual(this.#windows.remains(), [], "windows without a program");
    // What the last hosts left that were killed is settled by the next open.
    await (await MyJobs.open({ store: this.#store })).stop();
    this.#check();
    expectEqual([...this.#record.hosts()], [], "hosts");
    expectEqual(
      this.#record.workers().filter(isLive),
      [],
      "workers without a host",
    );
    const ran = this.#record.traces().map(({ pid }) => pid);
    const pids = [...this.#losses.pids, ...ran];
    await until("no process is left", () => !pids.some(isLeft));
  }

  async end(): Promise<void> {
    for (const host of this.#hosts) host.kill();
    await Promise.all(this.#hosts.map(({ exit }) => exit));
    for (const { pid } of this.#windows.list()) signal(pid, "SIGKILL");
    this.#windows.end();
    for (const pid of this.#losses.left) signal(pid, "SIGKILL");
    this.#record.close();
  }

  async #do(step: Step): Promise<void> {
    switch (step.step) {
      case "schedule":
        return this.#schedule(step);
      case "cancel": {
        const id = choose([...this.#model.accepted], step.job);
        if (id === undefined) return;
        this.#model.cancels.set(id, this.#model.cancels.get(id));
        const host = await this.#host(step.host);
        void this.#answers.take(host.call("cancel", id), (cancelled) => {
          if (cancelled) this.#model.cancels.set(id, true);
        });
        return;
      }
      case "halt":
      case "kill": {
        const worker = choose(this.#losses.workers(), step.worker);
        if (worker === undefined) return;
        if (step.step === "kill") this.#model.killedPids.add(worker.pid);
        if (worker.type === "tmux") this.#windowsEnded = true;
        const host = await this.#host(step.host);
        void this.#answers.take(host.call(step.step, worker.id));
        return;
      }
      case "killChild":
      case "stopChild":
      case "continueChild":
        this.#strike(step.step, choose(this.#losses.workers(), step.worker));
        return;
      case "killHost": {
        const host = choose(this.#living(), step.host);
        host?.kill();
        await host?.exit;
        return;
      }
      case "freezeHost": {
        const host = choose(this.#awake(), step.host);
        await host?.freeze(() => this.#record.free());
        return;
      }
      case "thawHost":
        choose(
          this.#living().filter(({ frozen }) => frozen),
          step.host,
        )?.thaw();
        return;
      case "check":
        void this.#answers.take((await this.#host(step.host)).call("check"));
        return;
      case "stopHost":
        return this.#stopHost(await this.#host(step.host), step.graceful);
      case "openHost":
        if (this.#living().length < mostHosts)
          await this.#openHost(step.nrMin, step.nrMax, step.concurrency);
        return;
      case "scale": {
        const host = await this.#host(step.host);
        host.nrMin = step.nrMin;
        void this.#answers.take(host.call("scale", step.nrMin, step.nrMax));
        return;
      }
      case "openWindows": {
        if (!this.#windows.possible) return;
        const host = await this.#host(step.host);
        void this.#openWindows(host, step.nrWorkers);
        return;
      }
      case "killWindow":
      case "closeWindow": {
        const window = choose(this.#windows.list(), step.window);
        if (window === undefined) return;
        this.#losses.look(this.#hosts);
        this.#windowsEnded = true;
        this.#losses.closing(window.pid);
        if (step.step === "closeWindow") this.#windows.close(window);
        else signal(window.pid, "SIGKILL");
        return;
      }
      case "rest":
        await new Promise((resolve) => setTimeout(resolve, step.ms));
    }
  }

  async #schedule(step: Extract<Step, { step: "schedule" }>): Promise<void> {
    const { kind, ms, timeout, count } = step;
    const host = await this.#host(step.host);
    const known = [...this.#model.accepted];
    const dependencies = step.dependencies
      .map((nr) => choose(known, nr))
      .filter((id) => id !== undefined);
    const batch = Array.from({ length: count }, () => (this.#values += 1));
    const limit = timeout || workerTimeout;
    for (const value of batch)
      this.#model.asked.set(value, { kind, value, limit, dependencies, batch });
    const log = this.#log;
    const tasks = batch.map((value) => ({ kind, value, ms, log }));
    const scheduling = this.#answers.take(
      host.call("schedule", tasks, { timeout, dependencies }),
      (ids) => {
        for (const id of ids) this.#model.accepted.add(id);
      },
    );
    if (step.patient) await scheduling;
  }

  #strike(how: string, worker: WorkerRow | undefined): void {
    if (worker === undefined) return;
    const { pid, type } = worker;
    if (type === "tmux") this.#windowsEnded = true;
    if (how === "killChild") this.#model.lostPids.add(pid);
    if (how === "stopChild") {
      this.#stopped.add(pid);
      this.#model.stoppedPids.add(pid);
    }
    if (how === "killChild") signal(pid, "SIGKILL");
    else signal(pid, how === "stopChild" ? "SIGSTOP" : "SIGCONT");
  }

  async #openHost(
    nrMin: number,
    nrMax: number,
    concurrency = this.#concurrency,
  ): Promise<Host> {
    const host = new Host(nrMin, nrMax, concurrency, this.#windows.env);
    this.#hosts.push(host);
    const options = { killGrace: 100, workerTimeout, idleTimeout: 300 };
    const reply = await host.open(this.#store, options);
    if (reply.kind === "error") this.#answers.errors.push(reply.error);
    this.#losses.look(this.#hosts);
    return host;
  }

  #openWindows(host: Host, nrWorkers: number): Promise<void> {
    return this.#answers.take(
      host.call("openWindows", nrWorkers),
      undefined,
      (error) =>
        (this.#windowsEnded || this.#model.lostHosts.size > 0) &&
        error.startsWith("WorkerError"),
    );
  }

  /** Workers in windows live on when the host that opened them is killed; so that they end, another must keep them. */
  async #adopted(): Promise<boolean> {
    if (this.#answers.pending > 0) return false;
    const ids = this.#living().map((host) => this.#losses.idOf(host));
    const kept = this.#record.kept().filter(({ host }) => ids.includes(host));
    const windows = this.#record
      .workers()
      .filter((row) => row.type === "tmux" && isLive(row));
    if (windows.every(({ nr }) => kept.some((one) => one.nr === nr)))
      return true;
    void this.#openWindows(await this.#host(0), windows.length);
    return false;
  }

  async #stopHost(host: Host, graceful: boolean): Promise<void> {
    host.stopping = true;
    this.#losses.look(this.#hosts);
    if (!graceful) this.#losses.stopping(host);
    void this.#answers.take(host.call("stop", graceful));
    await host.exit;
  }

  #living(): Host[] {
    return this.#hosts.filter(({ usable }) => usable);
  }

  #awake(): Host[] {
    return this.#living().filter(({ frozen }) => !frozen);
  }

  /** One of those that can answer; there is always one. */
  async #host(nr: number): Promise<Host> {
    return choose(this.#awake(), nr) ?? this.#openHost(1, 2);
  }

  /** What traces tell of is in the store when that is read, and what the store tells of is in the traces. */
  #world(): World {
    for (;;) {
      const traces = this.#record.traces();
      const { jobs, moves } = this.#record.jobsAndMoves();
      if (this.#record.traces().length === traces.length)
        return { traces, jobs, moves };
    }
  }

  #check(): void {
    this.#losses.look(this.#hosts);
    const world = this.#world();
    const misdeeds = this.#hosts.map(({ misdeed }) => misdeed).filter(Boolean);
    const found = [
      ...this.#answers.errors,
      ...misdeeds,
      ...this.#model.check(world),
    ];
    if (found.length > 0) throw new Error(found.join("\n"));
  }

  #untruths(): string[] {
    return untruths(this.#record, this.#living(), this.#windows);
  }
}

function choose<T>(from: readonly T[], nr: number): T | undefined {
  return from[nr % from.length];
}

/** As `kill` of the shell: whoever is gone already hears nothing. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}

function expectEqual(got: unknown, wanted: unknown, what: string): void {
  const [one, other] = [JSON.stringify(got), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`${what}: ${one}, expected ${other}`);
}
