import { type Job, type MyJobs, StoppedError } from "../index.js";
import { batches } from "./batches.js";
import { Earlier } from "./earlier.js";
import { nameOf } from "./identity.js";
import type { Target } from "./target.js";
import { Window } from "./window.js";

export interface FeedPort {
  /** There are jobs that have to run. */
  begin(): Promise<void>;
  /** `earlier`: it had ended before this run began. */
  ended(job: Job, earlier: boolean): void;
  /** Resolves when what was told has been taken. */
  ready(): Promise<void>;
}

/** Inputs that are scheduled together. */
const batchSize = 500;
/** How long the first of them waits for the others, in milliseconds. */
const patience = 50;
/** Jobs that have been scheduled and have not ended: what is held in memory. */
const mostInFlight = 5_000;

/** Makes a job of each input that has none yet, and tells of the end of each. */
export class Feed {
  readonly #myjobs: MyJobs;
  readonly #target: Target;
  readonly #category: string;
  readonly #port: FeedPort;
  readonly #earlier: Earlier<Job>;
  readonly #window = new Window();
  #begun: Promise<void> | undefined;

  constructor(
    myjobs: MyJobs,
    target: Target,
    category: string,
    port: FeedPort,
  ) {
    this.#myjobs = myjobs;
    this.#target = target;
    this.#category = category;
    this.#port = port;
    this.#earlier = new Earlier(myjobs.jobs, category);
  }

  /** Resolves to the number of inputs when all their jobs have ended; rejects at the signal. */
  async run(
    inputs: AsyncIterable<string>,
    signal: AbortSignal,
  ): Promise<number> {
    let read = 0;
    for await (const batch of batches(inputs, batchSize, patience)) {
      read += batch.length;
      const fresh: string[] = [];
      for (const input of batch) {
        const job = await this.#earlier.take(input);
        if (job === undefined) fresh.push(input);
        else if (job.state === "NEW" || job.state === "RUNNING")
          this.#follow(job, signal);
        else this.#port.ended(job, true);
      }
      await this.#port.ready();
      await this.#window.atMost(mostInFlight - fresh.length, signal);
      await this.#schedule(fresh, signal);
    }
    await this.#window.atMost(0, signal);
    return read;
  }

  /** Not by `scheduleMany`: each has its own name. What is asked for in one turn is one commit all the same. */
  async #schedule(inputs: string[], signal: AbortSignal): Promise<void> {
    const jobs = await Promise.all(inputs.map((input) => this.#make(input)));
    for (const job of jobs) this.#follow(job, signal);
  }

  #make(input: string): Promise<Job> {
    const options = {
      name: nameOf(input),
      category: this.#category,
      die: false,
    };
    return this.#myjobs.schedule(this.#target, { input }, options);
  }

  #follow(job: Job, signal: AbortSignal): void {
    this.#begun ??= this.#begin(signal);
    this.#window.enter();
    job
      .wait({ die: false })
      .then((ended) => {
        this.#port.ended(ended, false);
        this.#window.leave();
      })
      .catch((cause: unknown) => {
        // Stopped: whoever stopped it knows.
        if (!(cause instanceof StoppedError)) this.#window.fail(cause);
      });
  }

  async #begin(signal: AbortSignal): Promise<void> {
    try {
      await this.#port.begin();
    } catch (cause) {
      if (!signal.aborted) this.#window.fail(cause);
    }
  }
}
