import type { ActionRecord } from "../models/action.js";
import type { NewJob } from "../models/job.js";
import type { Store } from "../store/store.js";
import type { Dispatcher } from "../supervisor/dispatcher.js";
import type { Waiter } from "../supervisor/waiter.js";
import type { Desk } from "./desk.js";
import { Intake } from "./intake.js";
import { Job } from "./job.js";
import type { Running } from "./running.js";
import {
  kwargsJson,
  type Plan,
  type ScheduleOptions,
  Scheduling,
} from "./scheduling.js";

export interface ReceptionPort extends Running {
  dispatcher(): Dispatcher;
  scheduled(job: Job): void;
}

/** Where jobs are handed in. */
export class Reception {
  readonly #port: ReceptionPort;
  readonly #waiter: Waiter;
  readonly #desk: Desk;
  readonly #scheduling: Scheduling;
  readonly #intake: Intake<Job>;

  constructor(store: Store, waiter: Waiter, desk: Desk, port: ReceptionPort) {
    this.#port = port;
    this.#waiter = waiter;
    this.#desk = desk;
    this.#scheduling = new Scheduling(store, desk);
    this.#intake = new Intake(store, {
      late: () => {
        port.dispatcher().news();
      },
      heard: () => waiter.heard,
      stored: this.#scheduled.bind(this),
      follow: desk.await.bind(desk),
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
        ? action.then((stored) =>
            this.#renewed(stored, (current) =>
              this.#store(current, plan, text),
            ),
          )
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

  /** Resolves when all that has been handed in is in the store, or was refused. */
  async settled(): Promise<void> {
    await this.#scheduling.settled();
    await this.#intake.settled();
  }

  /** The ids of the jobs that this instance has scheduled and that have not ended. */
  async scheduled(): Promise<number[]> {
    await this.settled();
    return this.#waiter.scheduled;
  }

  /** Empties the store by this call; what is scheduled later comes after it, and brings its action. */
  async reset(empty: () => Promise<void>): Promise<void> {
    this.#intake.flush();
    this.#scheduling.forget();
    const { pending } = this.#waiter;
    await empty();
    this.#waiter.deleted(pending);
  }

  /** Rejects what still waits for its module, and what waits for that. */
  stop(): void {
    this.#scheduling.stop();
  }

  #plan(where: string, options: ScheduleOptions | undefined): Plan {
    this.#port.running(where);
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
    const jobs = await this.#renewed(action, (current) =>
      this.#storeMany(current, plan, kwargs),
    );
    if (plan.wait) await this.#desk.waitFor(where, jobs, undefined);
    return jobs;
  }

  /** The store may have been emptied since it was stored: then it is stored again first. */
  #renewed<T>(
    action: ActionRecord,
    use: (current: ActionRecord) => Promise<T>,
  ): Promise<T> {
    const current = this.#scheduling.renewed(action);
    return current instanceof Promise
      ? current.then((stored) => this.#renewed(stored, use))
      : use(current);
  }

  #store(action: ActionRecord, plan: Plan, kwargs: string): Promise<Job> {
    const job = { plan, actionId: action.id, kwargs };
    const stored = this.#intake.one(job, plan.wait);
    this.#announce(action, 1);
    return stored;
  }

  async #storeMany(
    action: ActionRecord,
    plan: Plan,
    kwargs: readonly string[],
  ): Promise<Job[]> {
    const actionId = action.id;
    const news = kwargs.map((text) => ({ plan, actionId, kwargs: text }));
    const inserting = this.#intake.many(news);
    this.#announce(action, news.length);
    const { handles: jobs, ended } = await inserting;
    if (ended.length > 0) await this.#endedAtOnce(jobs, ended);
    return jobs;
  }

  #announce(action: ActionRecord, jobs: number): void {
    const dispatcher = this.#port.dispatcher();
    dispatcher.learn(action);
    dispatcher.news(jobs);
  }

  /** A handle on a job that has just been stored. Others may have ended it by now. */
  #scheduled(id: number, job: NewJob, heard: number): Job {
    const handle = new Job(id, job, this.#desk, this.#waiter.follow(id, heard));
    this.#port.scheduled(handle);
    return handle;
  }

  /** These had a dependency that had failed already. */
  async #endedAtOnce(
    jobs: readonly Job[],
    ended: readonly number[],
  ): Promise<void> {
    const handles = new Map(jobs.map((job) => [job.id, job]));
    for await (const record of this.#desk.read("schedule", ended)) {
      handles.get(record.id)?.replace(record);
      this.#desk.ended(record.id);
    }
  }
}

function first([job]: readonly Job[]): Job {
  return job!;
}
