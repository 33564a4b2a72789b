import { now } from "../clock.js";
import { OptionError, StoppedError, TmuxError } from "../errors.js";
import { isLive, liveStates, type WorkerRecord } from "../models/worker.js";
import { Breaker } from "../pool/breaker.js";
import { isStopped, lives } from "../processes.js";
import { Rounds } from "../rounds.js";
import type { HostProcess } from "../store/neighbours.js";
import type { Store } from "../store/store.js";
import { Underway } from "../underway.js";
import { forceAfter, WindowEnd } from "./windowEnd.js";
import type { Windows } from "./windows.js";
import { WindowStart } from "./windowStart.js";

/** How often the windows are looked after, in milliseconds; a read of the store, and no write. */
const interval = 250;

export interface KeeperPort {
  /** This host was killed: it has closed nothing itself. Resolves when what it left is settled. */
  killed(host: number): Promise<void>;
  failed(cause: unknown): void;
  /** The state of a worker in a window has changed. */
  changed(worker: WorkerRecord): void;
}

/** Keeps the workers in tmux windows that this instance has started or adopted: opens one again when it dies. */
export class Keeper {
  readonly #store: Store;
  readonly #windows: Windows;
  readonly #workerTimeout: number;
  readonly #port: KeeperPort;
  /** As last seen, by number. */
  readonly #kept = new Map<number, WorkerRecord>();
  /** Those that somebody has asked for and waits for. */
  readonly #starting = new Underway();
  readonly #opening = new Map<number, Promise<void>>();
  readonly #breakers = new Map<number, Breaker>();
  readonly #start: WindowStart;
  readonly #end: WindowEnd;
  readonly #looks = new Rounds(() => this.#look());
  #closing = false;

  constructor(
    store: Store,
    windows: Windows,
    workerTimeout: number,
    port: KeeperPort,
  ) {
    this.#store = store;
    this.#windows = windows;
    this.#workerTimeout = workerTimeout;
    this.#port = port;
    this.#start = new WindowStart(store, windows);
    this.#end = new WindowEnd(store, (nr, host) => this.#force(nr, host));
  }

  get workers(): WorkerRecord[] {
    return [...this.#kept.values()];
  }

  /** Sees to it that worker `nr` (a new one unless given) runs in its window; resolves when it does. */
  async start(
    where: string,
    nr: number | undefined,
    debug: boolean,
  ): Promise<WorkerRecord> {
    const worker = await this.#keep(nr, debug);
    if (worker !== undefined) return worker;
    const expected = "a number that no live worker of another kind has";
    throw new OptionError(where, "nr", nr, expected);
  }

  /** Sees to it that so many workers run in windows: those that do already, then `w1`, `w2`, ... */
  async startAll(nrWorkers: number): Promise<WorkerRecord[]> {
    const state = liveStates;
    const living = await this.#store.findWorkers({ type: "tmux", state });
    const numbers = living.map(({ nr }) => nr).slice(0, nrWorkers);
    const workers = await this.#keepAll(numbers);
    for (let nr = 1; workers.length < nrWorkers;) {
      const missing = nrWorkers - workers.length;
      const tried = Array.from({ length: missing }, () => nr++);
      const others = tried.filter((one) => !numbers.includes(one));
      workers.push(...(await this.#keepAll(others)));
    }
    return workers.sort((a, b) => a.nr - b.nr);
  }

  /** Looks after the windows; resolves when those that were found dead are open again, or have failed to. */
  async look(): Promise<void> {
    await this.#looks.again();
    await Promise.all(this.#opening.values());
  }

  /** The hosts of the windows that are kept, when those that are being opened are open, or have failed to. */
  async hosts(): Promise<number[]> {
    await this.#starting.settled();
    await Promise.allSettled(this.#opening.values());
    const kept = await this.#store.windows.kept();
    return kept.flatMap(({ host }) => host?.id ?? []);
  }

  /** Ends a window by force, if it is one that is kept here. */
  async kill({ nr, host }: WorkerRecord): Promise<void> {
    const kept = await this.#store.windows.kept();
    const found = kept.find(({ worker }) => worker.nr === nr);
    if (found?.host?.id === host) await this.#force(nr, found.host);
  }

  /**
   * Keeps them no longer. With `halt`, those that no other instance keeps finish their jobs and end, at the
   * latest after `timeout` milliseconds.
   */
  async close(halt: boolean, timeout: number, requeue: boolean): Promise<void> {
    this.#closing = true;
    this.#start.close();
    await this.#looks.settled();
    await this.#starting.settled();
    await Promise.allSettled(this.#opening.values());
    // Not before: a start that was under way may have begun it.
    await this.#looks.stop();
    for (const breaker of this.#breakers.values()) breaker.reset();
    const numbers = [...this.#kept.keys()];
    const ends = numbers.map(async (nr) => {
      const last = await this.#store.windows.leave(nr);
      if (!halt || !last) return;
      await this.#end.end(nr, timeout, requeue);
      await this.#windows.closed(nr);
    });
    await Promise.all(ends);
    this.#kept.clear();
  }

  /** Lets those that are closing finish nothing more. */
  hasten(): void {
    this.#end.hasten();
  }

  /** Those of the numbers that workers of other kinds have are left out. */
  async #keepAll(numbers: readonly number[]): Promise<WorkerRecord[]> {
    const starts = numbers.map((nr) => this.#keep(nr, false));
    // Only when nothing is under way any more is it told that one has failed.
    await Promise.allSettled(starts);
    const workers = await Promise.all(starts);
    return workers.filter((worker) => worker !== undefined);
  }

  #keep(
    nr: number | undefined,
    debug: boolean,
  ): Promise<WorkerRecord | undefined> {
    return this.#starting.follow(this.#startOne(nr, debug));
  }

  async #startOne(
    nr: number | undefined,
    debug: boolean,
  ): Promise<WorkerRecord | undefined> {
    if (this.#store.path === "")
      throw new TmuxError(
        "a worker in a window is another process, which a store in memory cannot be shared with: give a file as store",
      );
    // Nobody waits any more for what begins only now.
    if (this.#closing) throw new StoppedError("the start of a worker");
    const timeout = this.#workerTimeout;
    const wanted = { debug, timeout, ...(nr === undefined ? {} : { nr }) };
    const keeping = await this.#store.windows.keep(wanted);
    if (keeping === undefined) return undefined;
    const { worker, adopted } = keeping;
    try {
      await (adopted ? this.#start.ready(worker) : this.#start.open(worker));
    } catch (cause) {
      await this.#store.windows.leave(worker.nr);
      throw cause;
    }
    this.#looks.repeat(interval, (cause) => {
      this.#port.failed(cause);
    });
    const [record] = await this.#store.findWorkers({ nr: worker.nr });
    this.#see(record ?? worker);
    return record ?? worker;
  }

  #see(worker: WorkerRecord): void {
    const before = this.#kept.get(worker.nr);
    this.#kept.set(worker.nr, worker);
    if (before?.id === worker.id && before.state === worker.state) return;
    this.#port.changed(worker);
  }

  async #look(): Promise<void> {
    for (const { worker, host } of await this.#store.windows.kept()) {
      if (this.#closing || this.#opening.has(worker.nr)) continue;
      this.#see(worker);
      if (isLive(worker)) {
        if (host !== undefined && (await this.#isFrozen(worker, host)))
          await this.#force(worker.nr, host);
      } else if (worker.state === "HALTED") {
        // On request: then that was the end of it.
        this.#kept.delete(worker.nr);
        await this.#store.windows.leave(worker.nr);
      } else if (host === undefined) this.#reopen(worker);
      // Else its window lives, and is replacing the process in which its jobs run.
    }
  }

  #reopen({ nr, debug }: WorkerRecord): void {
    const breaker = this.#breakers.get(nr) ?? new Breaker();
    this.#breakers.set(nr, breaker);
    if (breaker.open) return;
    const timeout = this.#workerTimeout;
    const opening = this.#store.windows
      .keep({ nr, debug, timeout })
      .then(async (keeping) => {
        if (keeping?.adopted === false) await this.#start.open(keeping.worker);
        breaker.reset();
      })
      .catch((cause: unknown) => {
        if (!this.#closing) breaker.trip(() => undefined);
        this.#port.failed(cause);
      })
      .finally(() => this.#opening.delete(nr));
    this.#opening.set(nr, opening);
  }

  /** A busy one is judged by its job's limit alone, which the process in the window watches while it runs. */
  async #isFrozen(
    { state, currentJob, timeout, lastUpdate }: WorkerRecord,
    host: HostProcess,
  ): Promise<boolean> {
    if (!isStopped(host.pid) || !lives(host)) return false;
    if (state !== "BUSY" || currentJob === null) return true;
    const [job] = await this.#store.getJobs([currentJob]);
    const limit = (job?.timeout ?? 0) || timeout || Infinity;
    const begun = Math.max(lastUpdate, job?.timeStart ?? 0);
    return now() - begun > limit + forceAfter;
  }

  async #force(nr: number, host: HostProcess): Promise<void> {
    await this.#windows.kill(nr, host);
    await this.#port.killed(host.id);
  }
}
