import type { Action, Json, ScheduleArguments } from "./actions/types.js";
import { now, setTimeout } from "./clock.js";
import { JobNotFoundError, StoppedError } from "./errors.js";
import { type EventMap, Events } from "./events.js";
import {
  Fleet,
  type ScaleOptions,
  type WorkerStartOptions,
} from "./handles/fleet.js";
import { Job, type JobPort, type WaitOptions } from "./handles/job.js";
import {
  kwargsJson,
  newRecord,
  readId,
  type ScheduleOptions,
  Scheduling,
} from "./handles/scheduling.js";
import { Actions, Jobs } from "./handles/views.js";
import { Waits } from "./handles/waits.js";
import type { Worker } from "./handles/worker.js";
import type { JobRecord, NewJob } from "./models/job.js";
import type { WorkerState } from "./models/worker.js";
import {
  boolean,
  type Bounds,
  duration,
  openRules,
  type OpenOptions,
  readBounds,
  readOptions,
} from "./options.js";
import { openStore } from "./store/open.js";
import type { Store, WorkerFilter } from "./store/store.js";
import { Dispatcher, type DispatcherOptions } from "./supervisor/dispatcher.js";
import { Rescuer } from "./supervisor/rescuer.js";
import { Waiter } from "./supervisor/waiter.js";

export type MyJobsEvents = EventMap<Job, Worker, WorkerState>;

export interface StopOptions {
  /** Let running jobs finish; true unless given. */
  graceful?: boolean;
  /** Milliseconds after which running jobs are killed all the same; 60,000 unless given. */
  timeout?: number;
  /** Whether a killed job runs again later (true unless given), or ends HALTED. */
  requeue?: boolean;
}

const stopRules = {
  graceful: boolean(true),
  timeout: duration(60_000),
  requeue: boolean(true),
};

/** Jobs that are stored, run in a pool of processes that scales with the queue, and end whatever happens. */
export class MyJobs implements AsyncDisposable {
  /** The jobs of the store. */
  readonly jobs: Jobs;
  /** The actions of the store. */
  readonly actions: Actions;
  readonly #store: Store;
  readonly #options: DispatcherOptions;
  readonly #events = new Events<MyJobsEvents>();
  readonly #scheduling: Scheduling;
  readonly #waiter: Waiter;
  readonly #waits: Waits;
  readonly #rescuer: Rescuer;
  readonly #fleet: Fleet;
  readonly #port: JobPort;
  readonly #forget: () => void;
  #dispatcher: Dispatcher;
  #stopping: Promise<void> | undefined;

  /**
   * Opens or creates the store, migrates it, and settles what earlier processes left behind.
   * Throws `OptionError` for a bad option, `StoreError` if the store cannot be used.
   */
  static async open(options?: OpenOptions): Promise<MyJobs> {
    const values = readOptions("open", openRules, options);
    const bounds = readBounds("open", values);
    const store = await openStore(values.store, values.durability, now);
    const myjobs = new MyJobs(store, values, bounds);
    try {
      await myjobs.#rescuer.settle();
    } catch (cause) {
      await myjobs.stop();
      throw cause;
    }
    myjobs.#rescuer.start();
    return myjobs;
  }

  private constructor(
    store: Store,
    options: DispatcherOptions,
    bounds: Bounds,
  ) {
    const failed = (error: Error): void => {
      this.#events.emit("error", error);
    };
    this.#store = store;
    this.#options = options;
    this.#scheduling = new Scheduling(store);
    this.#waiter = new Waiter(store, failed);
    this.#waits = new Waits(this.#waiter);
    this.#dispatcher = this.#newDispatcher(bounds);
    this.#fleet = new Fleet(store, () => this.#dispatcher);
    this.#rescuer = new Rescuer(store, {
      failed,
      rescued: ({ failed: ended }) => {
        for (const id of ended) this.#ended(id);
        this.#dispatcher.poke();
      },
    });
    this.#port = {
      wait: (jobs, waiting) => this.#waits.wait("job.wait", jobs, waiting),
      find: async (id) => (await this.#running("job.load").getJobs([id]))[0],
      cancel: (job) => this.#cancel(job),
      collect: (id) => this.#running("job.done").collectJob(id),
    };
    this.jobs = new Jobs(store, this.#waiter, (record) => this.#handle(record));
    this.actions = new Actions(store);
    this.#forget = store.onWork(() => {
      this.#waiter.look();
      this.#dispatcher.poke();
      this.#dispatcher.obey().catch(failed);
    });
  }

  /** The lower bound of the pool. */
  get nrMin(): number {
    return this.#dispatcher.pool.bounds.nrMin;
  }

  set nrMin(nrMin: number) {
    const { pool } = this.#dispatcher;
    const { nrMin: checked } = readOptions(
      "nrMin",
      { nrMin: openRules.nrMin },
      { nrMin },
    );
    pool.bounds = readBounds("nrMin", {
      nrMin: checked,
      nrMax: pool.bounds.nrMax,
    });
  }

  /** The upper bound of the pool. */
  get nrMax(): number {
    return this.#dispatcher.pool.bounds.nrMax;
  }

  set nrMax(nrMax: number) {
    const { pool } = this.#dispatcher;
    const { nrMax: checked } = readOptions(
      "nrMax",
      { nrMax: openRules.nrMax },
      { nrMax },
    );
    pool.bounds = readBounds("nrMax", {
      nrMin: pool.bounds.nrMin,
      nrMax: checked,
    });
  }

  /** The workers of this instance by `nr`, as they are at this moment. */
  get workers(): ReadonlyMap<number, Worker> {
    return this.#fleet.own;
  }

  /**
   * Stores one job; durable once this resolves. Throws `ActionError` for a function that cannot run
   * elsewhere, `ValueError` for kwargs that JSON cannot carry, `OptionError`, `JobNotFoundError` for
   * an unknown dependency.
   */
  async schedule<K, R>(
    action: Action<K, R>,
    ...[kwargs, options]: ScheduleArguments<NoInfer<K>, ScheduleOptions>
  ): Promise<Job<Json<Awaited<R>>>> {
    const text = kwargsJson("schedule", kwargs, "kwargs");
    const [job] = await this.#schedule("schedule", action, [text], options);
    return job as Job<Json<Awaited<R>>>;
  }

  /** Stores one job for each kwargs, all or none. */
  async scheduleMany<K, R>(
    action: Action<K, R>,
    kwargsList: Iterable<NoInfer<K>>,
    options?: ScheduleOptions,
  ): Promise<Job<Json<Awaited<R>>>[]> {
    const texts = Array.from(kwargsList, (kwargs, index) =>
      kwargsJson("scheduleMany", kwargs, `kwargsList[${String(index)}]`),
    );
    return (await this.#schedule(
      "scheduleMany",
      action,
      texts,
      options,
    )) as Job<Json<Awaited<R>>>[];
  }

  /**
   * Waits for jobs, or their ids, and gives them in that order, handles refreshed in place; without
   * jobs, for all that this instance has scheduled and that has not ended.
   */
  async wait(
    jobs?: readonly (Job | number)[],
    options?: WaitOptions,
  ): Promise<Job[]> {
    const handles = await this.#handles("wait", jobs ?? this.#waiter.pending);
    await this.#waits.wait("wait", handles, options);
    return handles;
  }

  /** Like `wait`, giving the results; with `die: false`, undefined in the place of a failed one. */
  async results<R>(
    jobs: readonly (Job<R> | number)[],
    options?: WaitOptions,
  ): Promise<R[]> {
    const ended = await this.wait(jobs as readonly (Job | number)[], options);
    return ended.map(({ result }) => result as R);
  }

  /** Resolves when nothing runs in the whole store, and nothing that could run waits. */
  async drain(): Promise<void> {
    while ((await this.#running("drain").countActive()) > 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** All workers in the store, those of other processes too. */
  async workersFind(filter?: WorkerFilter): Promise<Worker[]> {
    this.#running("workersFind");
    return this.#fleet.findAll(filter);
  }

  /** Starts the pool; resolves when `nrMin` workers are ready, rejects with `WorkerError` if they cannot boot. */
  async workersSubprocessStart(options?: ScaleOptions): Promise<void> {
    this.#running("workersSubprocessStart");
    await this.#fleet.scale(options);
  }

  /** Starts a worker in this process. Limits are cooperative there: a job must heed its `context.signal`. */
  async workerStart(options?: WorkerStartOptions): Promise<Worker> {
    this.#running("workerStart");
    return this.#fleet.startInprocess(options);
  }

  on<Name extends keyof MyJobsEvents>(
    event: Name,
    listener: (...args: MyJobsEvents[Name]) => void,
  ): this {
    this.#events.on(event, listener);
    return this;
  }

  off<Name extends keyof MyJobsEvents>(
    event: Name,
    listener: (...args: MyJobsEvents[Name]) => void,
  ): this {
    this.#events.off(event, listener);
    return this;
  }

  /** Stops the workers and deletes every record; the instance stays open. `StoreError` while another live process shares the store. */
  async reset(): Promise<void> {
    await this.#running("reset").assertAlone();
    await this.#dispatcher.close(0, false);
    await this.#store.reset();
    this.#waiter.deleted(this.#waiter.pending);
    this.#scheduling.forget();
    this.#dispatcher = this.#newDispatcher(this.#dispatcher.pool.bounds);
  }

  /** Ends the workers and closes the store. Afterwards nothing of it is left. Idempotent. */
  stop(options?: StopOptions): Promise<void> {
    const { graceful, timeout, requeue } = readOptions(
      "stop",
      stopRules,
      options,
    );
    this.#stopping ??= this.#stop(graceful ? timeout : 0, requeue);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(timeout: number, requeue: boolean): Promise<void> {
    this.#forget();
    await this.#dispatcher.close(timeout, requeue);
    await this.#rescuer.stop();
    this.#waits.stop();
    await this.#store.close();
  }

  async #schedule(
    where: string,
    action: unknown,
    texts: readonly string[],
    options: ScheduleOptions | undefined,
  ): Promise<Job[]> {
    const store = this.#running(where);
    const { wait, ...plan } = this.#scheduling.plan(where, options);
    const record = await this.#scheduling.action(where, action);
    this.#dispatcher.learn(record);
    const news: NewJob[] = texts.map((kwargs) => ({
      ...plan,
      actionId: record.id,
      kwargs,
    }));
    const inserting = store.insertJobs(news);
    this.#dispatcher.poke();
    const inserted = await inserting;
    const jobs = inserted.map(({ id, ended }, index) => {
      const job = this.#handle(newRecord(id, news[index] as NewJob), true);
      if (ended) this.#ended(id);
      return job;
    });
    if (this.#events.heard("scheduled"))
      for (const job of jobs) this.#events.emit("scheduled", job);
    if (inserted.some(({ ended }) => ended))
      await Promise.all(jobs.map((job) => job.load()));
    if (wait) await this.#waits.wait(where, jobs, undefined);
    return jobs;
  }

  /** A handle on a job; of one that is just being scheduled, no end can be missed. */
  #handle(record: JobRecord, sure = false): Job {
    if (!sure)
      return new Job(record, () => this.#waiter.follow(record.id), this.#port);
    const ending = this.#waiter.follow(record.id, true);
    return new Job(record, () => ending, this.#port);
  }

  async #handles(
    where: string,
    jobs: readonly (Job | number)[],
  ): Promise<Job[]> {
    const ids = jobs.map((job, index) =>
      job instanceof Job ? 0 : readId(where, `jobs[${String(index)}]`, job),
    );
    const asked = ids.filter((id) => id !== 0);
    const records =
      asked.length === 0 ? [] : await this.#running(where).getJobs(asked);
    const found = new Map(
      records.map((record) => [record.id, this.#handle(record)]),
    );
    return jobs.map((job, index) => {
      const handle = job instanceof Job ? job : found.get(ids[index] as number);
      if (handle === undefined)
        throw new JobNotFoundError(ids[index] as number);
      return handle;
    });
  }

  async #cancel(job: Job): Promise<boolean> {
    const { outcome, failed } = await this.#running("job.cancel").cancelJob(
      job.id,
    );
    if (outcome === "cancelled")
      for (const id of [job.id, ...failed]) this.#ended(id);
    if (outcome === "running") {
      this.#dispatcher.cancel(job.id);
      await this.#waits.wait("job.cancel", [await this.jobs.get(job.id)], {
        die: false,
      });
    }
    await job.load();
    return outcome !== "ended" && job.errorCat === "HALTED";
  }

  #ended(
    id: number,
    ...fields: Parameters<Waiter["ended"]> extends [number, ...infer Rest]
      ? Rest
      : never
  ): void {
    this.#waiter.ended(id, ...fields);
    if (!this.#events.heard("ended")) return;
    this.jobs.get(id).then(
      (job) => {
        this.#events.emit("ended", job);
      },
      () => undefined, // deleted meanwhile
    );
  }

  #newDispatcher(bounds: Bounds): Dispatcher {
    return new Dispatcher(this.#store, this.#options, bounds, {
      started: ({ id }) => {
        if (!this.#events.heard("started")) return;
        this.jobs.get(id).then(
          (job) => {
            this.#events.emit("started", job);
          },
          () => undefined, // deleted meanwhile
        );
      },
      ended: (id, fields) => {
        this.#ended(id, fields);
      },
      changed: (worker) => {
        if (!this.#events.heard("worker")) return;
        const handle = this.#fleet.handle(worker);
        this.#events.emit("worker", handle, handle.state);
      },
      scaled: (scale) => {
        this.#events.emit("scale", scale);
      },
      failed: (error) => {
        this.#events.emit("error", error);
      },
    });
  }

  #running(where: string): Store {
    if (this.#stopping !== undefined) throw new StoppedError(where);
    return this.#store;
  }
}
