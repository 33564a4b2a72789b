import { JobNotFoundError, OptionError } from "../errors.js";
import type { JobRecord } from "../models/job.js";
import type { Store } from "../store/store.js";
import type { Dispatcher } from "../supervisor/dispatcher.js";
import type { EndedFields, Ending } from "../supervisor/ending.js";
import type { Waiter } from "../supervisor/waiter.js";
import type { Settle } from "./intake.js";
import { Job, type JobPort, type WaitOptions } from "./job.js";
import type { Running } from "./running.js";
import { readId } from "./scheduling.js";
import { Waits } from "./waits.js";

const readSize = 500;

export interface DeskPort extends Running {
  dispatcher(): Dispatcher;
  ended(id: number): void;
}

/** Where jobs are asked about. */
export class Desk implements JobPort {
  readonly path: string;
  readonly #port: DeskPort;
  readonly #waiter: Waiter;
  readonly #waits: Waits;

  constructor(store: Store, waiter: Waiter, port: DeskPort) {
    this.path = store.path;
    this.#port = port;
    this.#waiter = waiter;
    this.#waits = new Waits(waiter, this);
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
      readId(where, `jobs[${String(index)}]`, job, this),
    );
    const asked = ids.filter((_, index) => !(jobs[index] instanceof Job));
    const found = new Map<number, Job>();
    for await (const record of this.read(where, asked))
      found.set(record.id, this.handle(record));
    return jobs.map((job, index) => {
      const id = ids[index] ?? 0;
      const handle = job instanceof Job ? job : found.get(id);
      if (handle === undefined) throw new JobNotFoundError(id);
      return handle;
    });
  }

  /** Handles of jobs, or of ids, that have ended; in the order given. */
  async waitFor(
    where: string,
    jobs: readonly (Job | number)[],
    options: WaitOptions | undefined,
  ): Promise<Job[]> {
    const handles = await this.handles(where, jobs);
    await this.#waits.all(where, handles, options);
    return handles;
  }

  /** One that has just been scheduled and is waited for: settles the caller's promise when it has ended. */
  await(job: Job, settle: Settle<Job>): void {
    this.#waits.follow(job, settle);
  }

  wait(job: Job, options: WaitOptions | undefined): Promise<Job> {
    return this.#waits.one("job.wait", job, options);
  }

  async find(id: number): Promise<JobRecord | undefined> {
    const [record] = await this.#port.running("job.load").getJobs([id]);
    return record;
  }

  async cancel(job: Job): Promise<boolean> {
    const where = "job.cancel";
    const { outcome, failed } = await this.#port
      .running(where)
      .cancelJob(job.id);
    if (outcome === "cancelled") {
      for (const id of [job.id, ...failed]) this.ended(id);
    }
    if (outcome === "running") {
      this.#port.dispatcher().cancel(job.id);
      await this.waitFor(where, [job], { die: false });
    }
    await job.load();
    return outcome !== "ended" && job.errorCat === "HALTED";
  }

  follow(id: number): Ending {
    return this.#waiter.follow(id);
  }

  collect(id: number): Promise<boolean> {
    return this.#port.running("job.done").collectJob(id);
  }

  /** A job's end has been committed; without fields the store knows how it ended. */
  ended(id: number, fields?: EndedFields): void {
    this.#waiter.ended(id, fields);
    this.#port.ended(id);
  }

  deleted(ids: readonly number[]): void {
    this.#waiter.deleted(ids);
  }

  stop(): void {
    this.#waits.stop();
  }

  /** In parts: reading very many at once would hold up the event loop. */
  async *read(
    where: string,
    ids: readonly number[],
  ): AsyncGenerator<JobRecord> {
    for (let from = 0; from < ids.length; from += readSize)
      yield* await this.#port
        .running(where)
        .getJobs(ids.slice(from, from + readSize));
  }
}
