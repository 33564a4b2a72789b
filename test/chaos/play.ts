import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { MyJobs } from "../../src/index.js";
import { isAlive, until } from "../support/until.js";
import { Host, type Reply } from "./cluster.js";
import type { History, Step } from "./history.js";
import { Model, type World } from "./model.js";
import { Record, type WorkerRow } from "./record.js";
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

class Player {
  readonly #store: string;
  readonly #log: string;
  readonly #concurrency: number;
  readonly #model = new Model();
  readonly #record: Record;
  readonly #hosts: Host[] = [];
  /** Their ids by pid, which they lose with their rows. */
  readonly #hostIds = new Map<number, number>();
  readonly #pending = new Set<Promise<unknown>>();
  readonly #stopped = new Set<number>();
  readonly #seen = new Set<number>();
  readonly #windows = new Windows();
  /** Programs of windows that were killed. */
  readonly #closed = new Set<number>();
  /** Whether a worker in a window was ended, so that who waits for one may be told so. */
  #windowsEnded = false;
  #values = 0;

  constructor(store: string, log: string, concurrency: number) {
    this.#store = store;
    this.#log = log;
    this.#concurrency = concurrency;
    this.#record = new Record(store, log);
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
      "every job has ended",
      async () => {
        this.#check();
        if (!this.#living().some(({ nrMin }) => nrMin > 0))
          await this.#openHost(1, 2);
        return this.#record.unended() === 0;
      },
      settleLimit,
    );
    await until(
      "every call has been answered",
      () => this.#pending.size === 0,
      settleLimit,
    );
    await this.#adopt();
    await until(
      "the pools are whole, and the records of workers true",
      () => this.#untruths().length === 0,
      settleLimit,
    ).catch((cause: unknown) => {
      throw new Error(this.#untruths().join("; "), { cause });
    });
    for (const host of this.#living()) await this.#stopHost(host, true);
    await Promise.all(this.#hosts.map(({ exit }) => exit));
    expectEqual(this.#windows.list(), [], "windows");
    // What the last hosts left that were killed is settled by the next open.
    await (await MyJobs.open({ store: this.#store })).stop();
    this.#check();
    expectEqual([...this.#record.hosts()], [], "hosts");
    expectEqual(
      this.#record.workers().filter(isLive),
      [],
      "workers without a host",
    );
    const pids = [
      ...this.#seen,
      ...this.#record.traces().map(({ pid }) => pid),
    ];
    await until("no process is left", () => !pids.some(isAlive));
  }

  async end(): Promise<void> {
    for (const host of this.#hosts) host.kill();
    await Promise.all(this.#hosts.map(({ exit }) => exit));
    for (const { pid } of this.#windows.list()) signal(pid, "SIGKILL");
    this.#windows.end();
    for (const pid of this.#seen) signal(pid, "SIGKILL");
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
        void this.#ask(host.call("cancel", id), (cancelled) => {
          if (cancelled) this.#model.cancels.set(id, true);
        });
        return;
      }
      case "halt":
      case "kill": {
        const worker = choose(this.#workers(), step.worker);
        if (worker === undefined) return;
        if (step.step === "kill") this.#model.killedPids.add(worker.pid);
        if (worker.type === "tmux") this.#windowsEnded = true;
        const host = await this.#host(step.host);
        void this.#ask(host.call(step.step, worker.id));
        return;
      }
      case "killChild":
      case "stopChild":
      case "continueChild":
        this.#strike(step.step, choose(this.#workers(), step.worker));
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
        void this.#ask((await this.#host(step.host)).call("check"));
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
        void this.#ask(host.call("scale", step.nrMin, step.nrMax));
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
        this.#look();
        this.#windowsEnded = true;
        this.#closed.add(window.pid);
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
    const scheduling = this.#ask(
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
    if (how === "stopChild") this.#stopped.add(pid);
    if (how === "killChild") signal(pid, "SIGKILL");
    else signal(pid, how === "stopChild" ? "SIGSTOP" : "SIGCONT");
  }

  /** Asks without waiting for the answer, which must come all the same, and be no error. */
  #ask<T>(
    asking: Promise<Reply<T>>,
    told: (value: T) => void = () => undefined,
    mayFail: (error: string) => boolean = () => false,
  ): Promise<void> {
    const answered = asking.then((reply) => {
      this.#pending.delete(answered);
      if (reply.kind === "value") told(reply.value);
      // Its host was stopped meanwhile.
      else if (reply.kind === "lost" || reply.error.includes("Stopped")) return;
      else if (!mayFail(reply.error)) this.#errors.push(reply.error);
    });
    this.#pending.add(answered);
    return answered;
  }

  readonly #errors: string[] = [];

  async #openHost(
    nrMin: number,
    nrMax: number,
    concurrency = this.#concurrency,
  ): Promise<Host> {
    const host = new Host(nrMin, nrMax, concurrency, this.#windows.env);
    this.#hosts.push(host);
    const options = { killGrace: 100, workerTimeout, idleTimeout: 300 };
    const reply = await host.open(this.#store, options);
    if (reply.kind === "error") this.#errors.push(reply.error);
    this.#look();
    return host;
  }

  #openWindows(host: Host, nrWorkers: number): Promise<void> {
    return this.#ask(
      host.call("openWindows", nrWorkers),
      undefined,
      (error) => this.#windowsEnded && error.startsWith("WorkerError"),
    );
  }

  /** Workers in windows live on when the host that opened them is killed; so that they end, another must keep them. */
  async #adopt(): Promise<void> {
    const live = this.#record.workers().filter(isLive);
    const windows = live.filter(({ type }) => type === "tmux");
    if (windows.length > 0)
      await this.#openWindows(await this.#host(0), windows.length);
  }

  async #stopHost(host: Host, graceful: boolean): Promise<void> {
    host.stopping = true;
    const id = this.#hostIds.get(host.pid);
    if (!graceful && id !== undefined) {
      this.#look();
      for (const one of [id, ...this.#hostsKeptBy(id)])
        this.#model.lostHosts.add(one);
    }
    void this.#ask(host.call("stop", graceful));
    await host.exit;
  }

  /** Those in the windows that a host keeps, which it ends as it ends itself. */
  #hostsKeptBy(id: number): number[] {
    const kept = this.#record.kept().filter(({ host }) => host === id);
    const numbers = new Set(kept.map(({ nr }) => nr));
    const rows = this.#record.workers().filter(({ nr }) => numbers.has(nr));
    return rows.map(({ host }) => host);
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

  #workers(): WorkerRow[] {
    return this.#record.workers().filter((row) => isLive(row) && row.pid > 0);
  }

  #look(): void {
    for (const [pid, id] of this.#record.hosts()) this.#hostIds.set(pid, id);
    for (const { pid } of this.#workers()) this.#seen.add(pid);
    const killed = this.#hosts.filter(({ killed }) => killed);
    const traces = this.#record.traces();
    const shot = traces.filter(({ what }) => what === "shoot");
    const pids = [...killed, ...shot].map(({ pid }) => pid);
    for (const pid of [...pids, ...this.#closed]) {
      const id = this.#hostIds.get(pid);
      if (id !== undefined) this.#model.lostHosts.add(id);
    }
  }

  /** What traces tell of is in the store when that is read, and what the store tells of is in the traces. */
  #world(): World {
    for (;;) {
      const traces = this.#record.traces();
      const [jobs, moves] = [this.#record.jobs(), this.#record.moves()];
      if (this.#record.traces().length === traces.length)
        return { traces, jobs, moves };
    }
  }

  #check(): void {
    this.#look();
    const world = this.#world();
    const misdeeds = this.#hosts.map(({ misdeed }) => misdeed).filter(Boolean);
    const found = [...this.#errors, ...misdeeds, ...this.#model.check(world)];
    if (found.length > 0) throw new Error(found.join("\n"));
  }

  /** What the records of workers say that is not so, and what pools lack. */
  #untruths(): string[] {
    const rows = this.#record.workers();
    const ids = this.#record.hosts();
    const found = rows
      .filter((row) => {
        const idle = row.state === "WAITING" && row.currentJob === null;
        const over = !isLive(row) && row.currentJob === null;
        return isAlive(row.pid) && isLive(row) ? !idle : !over;
      })
      .map((row) => `not so: ${JSON.stringify(row)}`);
    for (const { pid, nrMin } of this.#living()) {
      const own = rows.filter(
        (row) => row.host === ids.get(pid) && row.state === "WAITING",
      );
      if (own.length < nrMin)
        found.push(
          `${String(own.length)} workers where ${String(nrMin)} shall be`,
        );
    }
    const shown = rows.filter((row) => row.type === "tmux" && isLive(row));
    const names = shown.map(({ nr }) => `w${String(nr)}`).sort();
    const windows = this.#windows.list().map(({ name }) => name);
    if (names.join() !== windows.sort().join())
      found.push(`windows ${windows.join()}, and workers ${names.join()}`);
    for (const { nr } of this.#record.kept())
      if (!shown.some((row) => row.nr === nr))
        found.push(`w${String(nr)} is kept, and has no worker`);
    return found;
  }
}

function isLive({ state }: WorkerRow): boolean {
  return state !== "ERROR" && state !== "HALTED";
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
