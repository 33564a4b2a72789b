import { monotonic, soon } from "../clock.js";
import { isForOne } from "../errors.js";
import type { NewJob } from "../models/job.js";
import type { Store } from "../store/store.js";
import { Underway } from "../underway.js";

/** Milliseconds in which a claim of the same turn comes after them; of a backlog, claims do not wait for the whole. */
const prompt = 5;
/** So many that storing them does not hold up the event loop. */
const most = 256;

/** Ends a promise of a handle. */
export type Settle<Handle> = (handle: Handle | Promise<never>) => void;

export interface IntakePort<Handle> {
  /** Of jobs that claims which were asked for after them may have missed. */
  late(): void;
  /** How often there has been news from others. */
  heard(): number;
  /** What the caller is given of one that is stored. */
  stored(id: number, job: NewJob, heard: number): Handle;
  /** The caller is to hear of it when it has ended. */
  follow(handle: Handle, settle: Settle<Handle>): void;
}

type IntakeStore = Pick<Store, "insertJobs">;

/**
 * Hands jobs to the store in the order of their calls, single ones of one turn of the event loop
 * together: an operation for each would cost more than storing it.
 */
export class Intake<Handle> {
  readonly #store: IntakeStore;
  readonly #port: IntakePort<Handle>;
  #open: Batch<Handle> | undefined;
  /** What has been handed over, until the store has answered. */
  readonly #under = new Underway();

  constructor(store: IntakeStore, port: IntakePort<Handle>) {
    this.#store = store;
    this.#port = port;
  }

  /** All or none; `ended` are the ids of those that have ended at once. */
  many(
    jobs: readonly NewJob[],
  ): Promise<{ handles: Handle[]; ended: readonly number[] }> {
    this.flush();
    return this.#under.follow(this.#many(jobs));
  }

  async #many(
    jobs: readonly NewJob[],
  ): Promise<{ handles: Handle[]; ended: readonly number[] }> {
    const before = this.#port.heard();
    const asked = monotonic();
    const { ids, ended } = await this.#store.insertJobs(jobs);
    if (isLate(asked)) this.#port.late();
    const heard = since(before, jobs.length, this.#port);
    const handles = ids.map((id, at) =>
      this.#port.stored(id, jobs[at]!, heard),
    );
    return { handles, ended };
  }

  /** Resolves when it is stored; if it is to be followed, when it has ended: one promise for both. */
  one(job: NewJob, isFollowed: boolean): Promise<Handle> {
    return new Promise((settle) => {
      this.#open ??= this.#begin();
      this.#open.add({ job, isFollowed, settle });
      if (this.#open.size === most) this.flush();
    });
  }

  /** Hands over what waits for the end of the turn. */
  flush(): void {
    if (this.#open !== undefined) void this.#under.follow(this.#open.send());
    this.#open = undefined;
  }

  /** Resolves when all that was handed in is stored, or has been refused. */
  async settled(): Promise<void> {
    this.flush();
    await this.#under.settled();
  }

  #begin(): Batch<Handle> {
    const batch = new Batch(this.#store, this.#port);
    soon(() => {
      if (this.#open === batch) this.flush();
    });
    return batch;
  }
}

interface Call<Handle> {
  job: NewJob;
  isFollowed: boolean;
  settle: Settle<Handle>;
}

/** Jobs that are stored together, but none for the fault of another. */
class Batch<Handle> {
  readonly #store: IntakeStore;
  readonly #port: IntakePort<Handle>;
  readonly #calls: Call<Handle>[] = [];

  constructor(store: IntakeStore, port: IntakePort<Handle>) {
    this.#store = store;
    this.#port = port;
  }

  get size(): number {
    return this.#calls.length;
  }

  add(call: Call<Handle>): void {
    this.#calls.push(call);
  }

  async send(): Promise<void> {
    const calls = this.#calls;
    const before = this.#port.heard();
    const asked = monotonic();
    let ids: readonly number[];
    try {
      ({ ids } = await this.#store.insertJobs(calls.map(({ job }) => job)));
    } catch (cause) {
      if (calls.length > 1 && isForOne(cause))
        await Promise.all(calls.map((call) => this.#alone(call)));
      else for (const { settle } of calls) settle(rejected(cause));
      return;
    }
    if (isLate(asked)) this.#port.late();
    const heard = since(before, calls.length, this.#port);
    for (let at = 0; at < ids.length; at += 1)
      this.#stored(ids[at]!, calls[at]!, heard);
  }

  #stored(
    id: number,
    { job, isFollowed, settle }: Call<Handle>,
    heard: number,
  ): void {
    const handle = this.#port.stored(id, job, heard);
    if (isFollowed) this.#port.follow(handle, settle);
    else settle(handle);
  }

  async #alone(call: Call<Handle>): Promise<void> {
    const heard = this.#port.heard();
    try {
      const { ids } = await this.#store.insertJobs([call.job]);
      this.#port.late();
      this.#stored(ids[0]!, call, heard);
    } catch (cause) {
      call.settle(rejected(cause));
    }
  }
}

/**
 * What had been heard before jobs were stored; but of a crowd what has been heard by now: to ask about each whether
 * others have ended it meanwhile would cost a third of it. Looks at those that wait longest will find them.
 */
function since(
  before: number,
  jobs: number,
  port: Pick<IntakePort<never>, "heard">,
): number {
  return jobs < most ? before : port.heard();
}

/** Whether claims of the turn in which it was asked may have come before it. */
function isLate(asked: number): boolean {
  return monotonic() - asked > prompt;
}

/** Of which nobody need take note. */
function rejected(cause: unknown): Promise<never> {
  const failed = Promise.reject(cause);
  failed.catch(() => undefined);
  return failed;
}
