import { monotonic, soon } from "../clock.js";
import { isForOne } from "../errors.js";
import type { NewJob } from "../models/job.js";
import type { InsertedJob, Store } from "../store/store.js";

/** Milliseconds in which a claim of the same turn comes after them; of a backlog, claims do not wait for the whole. */
const prompt = 5;
/** So many that storing them does not hold up the event loop. */
const most = 256;

type Insert = (jobs: readonly NewJob[]) => Promise<InsertedJob[]>;

/**
 * Hands jobs to the store in the order of their calls, single ones of one turn of the event loop
 * together: an operation for each would cost more than storing it.
 */
export class Intake {
  readonly #insert: Insert;
  #open: Batch | undefined;

  /** `late` is told of jobs that claims which were asked for after them may have missed. */
  constructor(store: Store, late: () => void) {
    this.#insert = async (jobs) => {
      const asked = monotonic();
      const inserted = await store.insertJobs(jobs);
      if (monotonic() - asked > prompt) late();
      return inserted;
    };
  }

  /** All or none. */
  many(jobs: readonly NewJob[]): Promise<InsertedJob[]> {
    this.#send();
    return this.#insert(jobs);
  }

  /** The batch with which it is stored; it is the last in it by now. */
  one(job: NewJob): Batch {
    const batch = (this.#open ??= this.#begin());
    batch.jobs.push(job);
    if (batch.jobs.length === most) this.#send();
    return batch;
  }

  #begin(): Batch {
    const batch = new Batch(this.#insert);
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
export class Batch {
  readonly jobs: NewJob[] = [];
  /** In their order; where they could not be stored together, each in its own time. */
  readonly stored: Promise<(InsertedJob | Promise<InsertedJob>)[]>;
  readonly #insert: Insert;
  #begin: (stored: Promise<InsertedJob[]>) => void = () => undefined;

  constructor(insert: Insert) {
    this.#insert = insert;
    const stored = new Promise<InsertedJob[]>((resolve) => {
      this.#begin = resolve;
    });
    this.stored = stored.catch((cause: unknown) => {
      if (this.jobs.length === 1 || !isForOne(cause)) throw cause;
      return this.jobs.map((job) => this.#alone(job));
    });
  }

  send(): void {
    this.#begin(this.#insert(this.jobs));
  }

  async #alone(job: NewJob): Promise<InsertedJob> {
    const [inserted] = await this.#insert([job]);
    return inserted!;
  }
}
