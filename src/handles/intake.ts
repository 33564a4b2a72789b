import { monotonic, soon } from "../clock.js";
import { isForOne } from "../errors.js";
import type { NewJob } from "../models/job.js";
import type { InsertedJobs, Store } from "../store/store.js";

/** Milliseconds in which a claim of the same turn comes after them; of a backlog, claims do not wait for the whole. */
const prompt = 5;
/** So many that storing them does not hold up the event loop. */
const most = 256;

/** Ends a promise of a handle. */
export type Settle<Handle> = (handle: Handle | Promise<never>) => void;

export interface IntakePort<Handle> {
  /** Of jobs that claims which were asked for after them may have missed. */
  late(): void;
  /** What the caller is given of one that is stored. */
  stored(id: number, job: NewJob): Handle;
  /** The caller is to hear of it when it has ended. */
  follow(handle: Handle, settle: Settle<Handle>): void;
}

type Insert = (jobs: readonly NewJob[]) => Promise<InsertedJobs>;

/**
 * Hands jobs to the store in the order of their calls, single ones of one turn of the event loop
 * together: an operation for each would cost more than storing it.
 */
export class Intake<Handle> {
  readonly #insert: Insert;
  readonly #port: IntakePort<Handle>;
  #open: Batch<Handle> | undefined;

  constructor(store: Pick<Store, "insertJobs">, port: IntakePort<Handle>) {
    this.#port = port;
    this.#insert = async (jobs) => {
      const asked = monotonic();
      const inserted = await store.insertJobs(jobs);
      if (monotonic() - asked > prompt) port.late();
      return inserted;
    };
  }

  /** All or none. */
  many(jobs: readonly NewJob[]): Promise<InsertedJobs> {
    this.#send();
    return this.#insert(jobs);
  }

  one(job: NewJob): Promise<Handle> {
    const stored = this.#batch().add(job);
    this.#sendFull();
    return stored;
  }

  /** The same, but resolves when the job has ended: one promise for both. */
  awaited(job: NewJob): Promise<Handle> {
    return new Promise((settle) => {
      this.#batch().follow(job, settle);
      this.#sendFull();
    });
  }

  #batch(): Batch<Handle> {
    return (this.#open ??= this.#begin());
  }

  #sendFull(): void {
    if (this.#open?.size === most) this.#send();
  }

  #begin(): Batch<Handle> {
    const batch = new Batch(this.#insert, this.#port);
    soon(() => {
      if (this.#open === batch) this.#send();
    });
    return batch;
  }

  #send(): void {
    this.#open?.send();
    this.#open = undefined;
  }
}

/** Jobs that are stored together, but none for the fault of another. */
class Batch<Handle> {
  readonly #insert: Insert;
  readonly #port: IntakePort<Handle>;
  readonly #jobs: NewJob[] = [];
  /** By the places of their jobs, of those that are to be followed. */
  readonly #followed = new Map<number, Settle<Handle>>();
  /** Their ids, in their order; where they could not be stored together, each in its own time. */
  readonly #stored: Promise<readonly (number | Promise<number>)[]>;
  #begin: (stored: Promise<InsertedJobs>) => void = () => undefined;
  #told = 0;

  constructor(insert: Insert, port: IntakePort<Handle>) {
    this.#insert = insert;
    this.#port = port;
    const stored = new Promise<InsertedJobs>((resolve) => {
      this.#begin = resolve;
    });
    this.#stored = stored.then(
      ({ ids }) => ids,
      (cause: unknown) => {
        if (this.#jobs.length === 1 || !isForOne(cause)) throw cause;
        return this.#jobs.map((job) => this.#alone(job));
      },
    );
    this.#stored.then(this.#followAll, (cause: unknown) => {
      const failed = Promise.reject(cause);
      for (const settle of this.#followed.values()) settle(failed);
      failed.catch(() => undefined);
    });
  }

  get size(): number {
    return this.#jobs.length;
  }

  add(job: NewJob): Promise<Handle> {
    this.#jobs.push(job);
    return this.#stored.then(this.#tell);
  }

  follow(job: NewJob, settle: Settle<Handle>): void {
    this.#followed.set(this.#jobs.length, settle);
    this.#jobs.push(job);
  }

  send(): void {
    this.#begin(this.#insert(this.#jobs));
  }

  /** The next one: handlers of a promise are called in the order in which they were given, so that one serves all. */
  readonly #tell = (
    ids: readonly (number | Promise<number>)[],
  ): Handle | Promise<Handle> => {
    while (this.#followed.has(this.#told)) this.#told += 1;
    const at = this.#told++;
    return this.#handle(ids, at);
  };

  readonly #followAll = (ids: readonly (number | Promise<number>)[]): void => {
    for (const [at, settle] of this.#followed) {
      const handle = this.#handle(ids, at);
      if (!(handle instanceof Promise)) this.#port.follow(handle, settle);
      else
        handle.then(
          (late) => {
            this.#port.follow(late, settle);
          },
          (cause: unknown) => {
            settle(Promise.reject(cause));
          },
        );
    }
  };

  #handle(
    ids: readonly (number | Promise<number>)[],
    at: number,
  ): Handle | Promise<Handle> {
    const [id, job] = [ids[at]!, this.#jobs[at]!];
    if (typeof id === "number") return this.#port.stored(id, job);
    return id.then((late) => {
      this.#port.late();
      return this.#port.stored(late, job);
    });
  }

  async #alone(job: NewJob): Promise<number> {
    const { ids } = await this.#insert([job]);
    return ids[0]!;
  }
}
