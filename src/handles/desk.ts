import { JobNotFoundError, OptionError } from "../errors.js";
import type { ActionRecord } from "../models/action.js";
import type { JobRecord, NewJob } from "../models/job.js";
import type { Store } from "../store/store.js";
import type { Dispatcher } from "../supervisor/dispatcher.js";
import type { EndedFields, Ending } from "../supervisor/ending.js";
import type { Waiter } from "../supervisor/waiter.js";
import { Intake } from "./intake.js";
import { Job, type JobPort, type WaitOptions } from "./job.js";
import {
  kwargsJson,
  type Plan,
  readId,
  type ScheduleOptions,
  Scheduling,
} from "./scheduling.js";
import { Waits } from "./waits.js";

const readSize = 500;

export interface DeskPort {
  /** The store; throws once the instance is stopped. */
  store(where: string): Store;
  dispatcher(): Dispatcher;
  scheduled(job: Job): void;
  ended(id: number): void;
}

/** Where jobs are handed in and asked about. */
export class Desk implements JobPort {
  readonly #port: DeskPort;
  readonly #waiter: Waiter;
  readonly #waits: Waits;
  readonly #scheduling: Scheduling;
  readonly #intake: Intake<Job>;

  constructor(store: Store, waiter: Waiter, port: DeskPort) {
    this.#port = port;
    this.#waiter = waiter;
    this.#waits = new Waits(waiter);
    this.#scheduling = new Scheduling(store);
    this.#intake = new Intake(store, {
      late: () => {
        port.dispatcher().news();
      },
      heard: () => waiter.heard,
      stored: this.#scheduled.bind(this),
      follow: this.#waits.follow.bind(this.#waits),
    });
  }

  /** One job. Of very many at once, what each still holds while it is being stored is what costs most. */
  scheduleOne(
    where: string,
    given: unknown,
    kwargs: unknown,
    options: ScheduleOptions | undefined,
  ): Promise<Job> {
    try {
      const text = kwargsJson(where, kwargs, "kwargs");
      const plan = this.#plan(where, options);
      if (plan.dependencies.length > 0)
        return this.#schedule(where, given, [text], plan).then(first);
      const action = this.#scheduling.action(where, given);
      return action instanceof Promise
        ? action.then((stored) => this.#store(stored, plan, text))
        : this.#store(action, plan, text);
    } catch (cause) {
      // No async function, but whoever calls need not know.
      return Promise.reject(cause);
    }
  }

  /** All or none. */
  async scheduleMany(
    where: string,
    given: unknown,
    kwargs: readonly string[],
    options: ScheduleOptions | undefined,
  ): Promise<Job[]> {
    return this.#schedule(where, given, kwargs, this.#plan(where, options));
  }

  /** A handle on a job that is in the store already. */
  handle(record: JobRecord): Job {
    return new Job(record.id, record, this);
  }

  /** Handles as they were given, and new ones for ids. */
  async handles(
    where: string,
    jobs: readonly (Job | number)[],
  ): Promise<Job[]> {
    if (!Array.isArray(jobs))
      throw new OptionError(where, "jobs", jobs, "an array of jobs or ids");
    const ids = jobs.map((job: unknown, index) =>
      job instanceof Job ? 0 : readId(where, `jobs[${String(index)}]`, job),
    );
    const asked = ids.filter((id) => id !== 0);
    const found = new Map<number, Job>();
    // In parts: reading very many at once would hold up the event loop.
    for (let from = 0; from < asked.length; from += readSize) {
      const part = asked.slice(from, from + readSize);
      for (const record of await this.#port.store(where).getJobs(part)) {
        found.set(record.id, this.handle(record));
      }
    }
    return jobs.map((job, index) => {
      const id = ids[index] ?? 0;
      const handle = job instanceof Job ? job : found.get(id);
      if (handle === undefined) throw new JobNotFoundError(id);
      return handle;
    });
  }

  waitFor(
    where: string,
    jobs: readonly Job[],
    options: WaitOptions | undefined,
  ): Promise<void> {
    return this.#waits.all(where, jobs, options);
  }

  wait(job: Job, options: WaitOptions | undefined): Promise<Job> {
    return this.#waits.one("job.wait", job, options);
  }

  async find(id: number): Promise<JobRecord | undefined> {
    const [record] = await this.#port.store("job.load").getJobs([id]);
    return record;
  }

  async cancel(job: Job): Promise<boolean> {
    const where = "job.cancel";
    const { outcome, failed } = await this.#port.store(where).cancelJob(job.id);
    if (outcome === "cancelled") {
      for (const id of [job.id, ...failed]) this.ended(id);
    }
    if (outcome === "running") {
      this.#port.dispatcher().cancel(job.id);
      const fresh = await this.handles(where, [job.id]);
      await this.#waits.all(where, fresh, { die: false });
    }
    await job.load();
    return outcome !== "ended" && job.errorCat === "HALTED";
  }

  follow(id: number): Ending {
    return this.#waiter.follow(id);
  }

  collect(id: number): Promise<boolean> {
    return this.#port.store("job.done").collectJob(id);
  }

  /** A job's end has been committed; without fields the store knows how it ended. */
  ended(id: number, fields?: EndedFields): void {
    this.#waiter.ended(id, fields);
    this.#port.ended(id);
  }

  deleted(ids: readonly number[]): void {
    this.#waiter.deleted(ids);
  }

  /** Empties the store by this call; what is scheduled later comes after it, and brings its action. */
  async reset(empty: () => Promise<void>): Promise<void> {
    this.#intake.flush();
    this.#scheduling.forget();
    const { pending } = this.#waiter;
    await empty();
    this.#waiter.deleted(pending);
  }

  stop(): void {
    this.#waits.stop();
  }

  #plan(where: string, options: ScheduleOptions | undefined): Plan {
    this.#port.store(where);
    return this.#scheduling.plan(where, options);
  }

  async #schedule(
    where: string,
    given: unknown,
    kwargs: readonly string[],
    plan: Plan,
  ): Promise<Job[]> {
    // Not later than a single one would be, so that calls keep their order.
    const known = this.#scheduling.action(where, given);
    const action = known instanceof Promise ? await known : known;
    const news = kwargs.map((text) => ({
      plan,
      actionId: action.id,
      kwargs: text,
    }));
    const inserting = this.#intake.many(news);
    this.#announce(action, news.length);
    const { ids, ended, heard } = await inserting;
    const jobs = ids.map((id, index) =>
      this.#scheduled(id, news[index]!, heard),
    );
    if (ended.length > 0) await this.#endedAtOnce(jobs);
    if (plan.wait) await this.#waits.all(where, jobs, undefined);
    return jobs;
  }

  #store(action: ActionRecord, plan: Plan, kwargs: string): Promise<Job> {
    const job = { plan, actionId: action.id, kwargs };
    const stored = this.#intake.one(job, plan.wait);
    this.#announce(action, 1);
    return stored;
  }

  #announce(action: ActionRecord, jobs: number): void {
    const dispatcher = this.#port.dispatcher();
    dispatcher.learn(action);
    dispatcher.news(jobs);
  }

  /** A handle on a job that has just been stored. Others may have ended it by now. */
  #scheduled(id: number, job: NewJob, heard: number): Job {
    const handle = new Job(id, job, this, this.#waiter.follow(id, heard));
    this.#port.scheduled(handle);
    return handle;
  }

  /** Some had a dependency that had failed already. */
  async #endedAtOnce(jobs: readonly Job[]): Promise<void> {
    await Promise.all(jobs.map((job) => job.load()));
    for (const { id, state } of jobs) if (state === "ERROR") this.ended(id);
  }
}

function first([job]: readonly Job[]): Job {
  return job!;
}
