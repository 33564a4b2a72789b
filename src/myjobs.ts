import type { Action, Json, Kwargs } from "./actions/types.js";
import { readBound } from "./bounds.js";
import { Engine, type MyJobsEvents } from "./engine.js";
import { OptionError } from "./errors.js";
import type { WorkersCheck } from "./handles/fleet.js";
import type { Job, WaitOptions } from "./handles/job.js";
import {
  kwargsTexts,
  type ScheduleArguments,
  type ScheduleOptions,
} from "./handles/scheduling.js";
import type {
  ScaleOptions,
  SubprocessOptions,
  TmuxOptions,
  WorkerOptions,
  WorkerStartOptions,
} from "./handles/starting.js";
import { type StopOptions, stopRules } from "./handles/stopping.js";
import { Actions, Jobs } from "./handles/views.js";
import type { Results } from "./handles/waits.js";
import type { Worker } from "./handles/worker.js";
import { type OpenOptions, readOptions } from "./options.js";
import type { WorkerFilter } from "./store/store.js";

/** Jobs that are stored, run in a pool of processes that scales with the queue, and end whatever happens. */
export class MyJobs implements AsyncDisposable {
  /** The jobs of the store. */
  readonly jobs: Jobs;
  /** The actions of the store. */
  readonly actions: Actions;
  readonly #engine: Engine;

  /**
   * Opens or creates the store, migrates it, and settles what earlier processes left behind.
   * Throws `OptionError` for a bad option, `StoreError` if the store cannot be used.
   */
  static async open(options?: OpenOptions): Promise<MyJobs> {
    return new MyJobs(await Engine.open(options));
  }

  private constructor(engine: Engine) {
    // JavaScript does not know that this is private.
    if (!(engine instanceof Engine))
      throw new OptionError(
        "new MyJobs",
        "engine",
        engine,
        "await MyJobs.open(options)",
        "an instance is not made so",
      );
    this.#engine = engine;
    this.jobs = new Jobs(engine);
    this.actions = new Actions(engine);
  }

  /** The lower bound of the pool. Writable at any time: the pool follows. */
  get nrMin(): number {
    return this.#engine.bounds.nrMin;
  }

  set nrMin(nrMin: number) {
    this.#engine.running("nrMin");
    this.#engine.bounds = readBound("nrMin", nrMin, this.#engine.bounds);
  }

  /** The upper bound of the pool. Writable at any time: the pool follows. */
  get nrMax(): number {
    return this.#engine.bounds.nrMax;
  }

  set nrMax(nrMax: number) {
    this.#engine.running("nrMax");
    this.#engine.bounds = readBound("nrMax", nrMax, this.#engine.bounds);
  }

  /** The workers of this instance by `nr`, as they are at this moment. */
  get workers(): ReadonlyMap<number, Worker> {
    return this.#engine.fleet.own;
  }

  /**
   * Stores one job; durable once this resolves. Throws `ActionError` for a function that cannot run
   * elsewhere, `ValueError` for kwargs that JSON cannot carry, `OptionError` for a bad option,
   * `JobNotFoundError` for an unknown dependency.
   */
  schedule<K, R>(
    action: Action<K, R>,
    ...[kwargs, options]: ScheduleArguments<K, ScheduleOptions>
  ): Promise<Job<Json<Awaited<R>>>> {
    const { reception } = this.#engine;
    const scheduled = reception.scheduleOne(
      "schedule",
      action,
      kwargs,
      options,
    );
    return scheduled as Promise<Job<Json<Awaited<R>>>>;
  }

  /** Stores one job for each kwargs: one transaction, all or none. */
  async scheduleMany<K, R>(
    action: Action<K, R>,
    kwargsList: Iterable<NoInfer<Kwargs<K>>>,
    options?: ScheduleOptions,
  ): Promise<Job<Json<Awaited<R>>>[]> {
    const where = "scheduleMany";
    const texts = kwargsTexts(where, kwargsList);
    const { reception } = this.#engine;
    const jobs = await reception.scheduleMany(where, action, texts, options);
    return jobs as Job<Json<Awaited<R>>>[];
  }

  /**
   * Waits for jobs, or their ids, and gives them in that order, handles refreshed in place; without
   * jobs, for all that this instance has scheduled and that has not ended.
   */
  async wait(
    jobs?: readonly (Job | number)[],
    options?: WaitOptions,
  ): Promise<Job[]> {
    const { desk, reception } = this.#engine;
    if (jobs !== undefined) return desk.waitFor("wait", jobs, options);
    return desk.waitFor("wait", await reception.scheduled(), options);
  }

  /** Like `wait`, giving the results; with `die: false`, undefined in the place of a failed one. */
  results<const Jobs extends readonly (Job | number)[]>(
    jobs: Jobs,
    options: WaitOptions & { die: false },
  ): Promise<Results<Jobs, undefined>>;
  results<const Jobs extends readonly (Job | number)[]>(
    jobs: Jobs,
    options?: WaitOptions,
  ): Promise<Results<Jobs>>;
  results<R>(
    jobs: readonly (Job<R> | number)[],
    options: WaitOptions & { die: false },
  ): Promise<(R | undefined)[]>;
  results<R>(
    jobs: readonly (Job<R> | number)[],
    options?: WaitOptions,
  ): Promise<R[]>;
  async results(
    jobs: readonly (Job | number)[],
    options?: WaitOptions,
  ): Promise<unknown[]> {
    const ended = await this.#engine.desk.waitFor("results", jobs, options);
    return ended.map(({ result }) => result);
  }

  /** Resolves when nothing runs in the whole store, and nothing that could run waits. */
  async drain(): Promise<void> {
    await this.#engine.drain();
  }

  /** All workers in the store, those of other processes too. */
  async workersFind(filter?: WorkerFilter): Promise<Worker[]> {
    this.#engine.running("workersFind");
    return this.#engine.fleet.findAll(filter);
  }

  /** Starts the pool; resolves when `nrMin` workers are ready, rejects with `WorkerError` if they cannot boot. */
  async workersSubprocessStart(options?: ScaleOptions): Promise<void> {
    await this.#engine.start("workersSubprocessStart", (fleet) =>
      fleet.scale(options),
    );
  }

  /**
   * Starts a single forked worker beside those that are scaled: one that dies is replaced under its number,
   * until it is halted or killed. Resolves when it is ready, rejects with `WorkerError` if it cannot boot.
   */
  async workerSubprocessStart(options?: SubprocessOptions): Promise<Worker> {
    return this.#engine.start("workerSubprocessStart", (fleet) =>
      fleet.startSubprocess(options),
    );
  }

  /**
   * Starts a worker in the window `w<nr>` of a detached tmux session, for a person to watch; one that runs
   * already is adopted. It is a process of its own that outlives this one, and is opened again when it dies,
   * for as long as this instance runs. Throws `TmuxError` if tmux is absent or refuses.
   */
  async workerTmuxStart(options?: WorkerOptions): Promise<Worker> {
    return this.#engine.start("workerTmuxStart", (fleet) =>
      fleet.startTmux(options),
    );
  }

  /** Sees to it that `nrWorkers` (4 unless given) workers run in windows; those that do already are adopted. */
  async workersTmuxStart(options?: TmuxOptions): Promise<Worker[]> {
    return this.#engine.start("workersTmuxStart", (fleet) =>
      fleet.startAllTmux(options),
    );
  }

  /**
   * Asks after every worker in the store, those of other processes too. Dead and frozen ones become ERROR,
   * and are replaced where this instance maintains them. Frozen: nothing runs in it, and it is silent for
   * 5 s or stopped by a signal; one that runs a job is judged by that one's limit alone.
   */
  async workersCheck(): Promise<WorkersCheck> {
    this.#engine.running("workersCheck");
    return this.#engine.workersCheck();
  }

  /** Starts a worker in this process. Limits are cooperative there: a job must heed its `context.signal`. */
  async workerStart(options?: WorkerStartOptions): Promise<Worker> {
    return this.#engine.start("workerStart", (fleet) =>
      fleet.startInprocess(options),
    );
  }

  /** Calls back at each event of this instance (see `MyJobsEvents`); `error` needs no listener. `OptionError` for another name. */
  on<Name extends keyof MyJobsEvents>(
    event: Name,
    listener: (...args: MyJobsEvents[Name]) => void,
  ): this {
    this.#engine.events.on(event, listener);
    return this;
  }

  /** Takes back an `on`. */
  off<Name extends keyof MyJobsEvents>(
    event: Name,
    listener: (...args: MyJobsEvents[Name]) => void,
  ): this {
    this.#engine.events.off(event, listener);
    return this;
  }

  /** Stops the workers and deletes every record; the instance stays open. `StoreError` while another instance shares the store. */
  async reset(): Promise<void> {
    await this.#engine.reset();
  }

  /** Ends the workers and closes the store. Afterwards nothing of it is left. Idempotent. */
  async stop(options?: StopOptions): Promise<void> {
    const values = readOptions("stop", stopRules, options);
    const { graceful, timeout, requeue, tmux } = values;
    await this.#engine.stop(graceful ? timeout : 0, requeue, tmux);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
