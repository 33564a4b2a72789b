import { clearTimeout, setTimeout, soon } from "../clock.js";
import {
  JobFailedError,
  JobNotFoundError,
  StoppedError,
  WaitTimeoutError,
} from "../errors.js";
import { boolean, duration, readOptions, signal } from "../options.js";
import type { Ending, Listener } from "../supervisor/ending.js";
import type { Waiter } from "../supervisor/waiter.js";
import type { Failure, Job, Waiting, WaitOptions } from "./job.js";

const rules = { timeout: duration(undefined), die: boolean(undefined), signal };

const byDefault = readOptions("wait", rules);

/** Waiting for jobs. */
export class Waits {
  readonly #waiter: Waiter;
  #stopped = false;

  constructor(waiter: Waiter) {
    this.#waiter = waiter;
  }

  /** Resolves when all have ended, and have been refreshed; rejects at the first failure in time that shall. */
  async done(
    where: string,
    jobs: readonly Job[],
    options: WaitOptions | undefined,
  ): Promise<void> {
    const failure = await this.wait(where, jobs, options);
    if (failure !== undefined) throw failure();
  }

  /** The same, but gives what failed. */
  wait(
    where: string,
    jobs: readonly Job[],
    options: WaitOptions | undefined,
  ): Waiting {
    const { timeout, die, signal } =
      options === undefined ? byDefault : readOptions(where, rules, options);
    if (this.#stopped) throw new StoppedError(where);
    signal?.throwIfAborted();
    for (const job of jobs)
      if (ended(job) && fatal(job, die)) throw failed(job);
    const waiting = jobs.filter((job) => !ended(job));
    if (waiting.length === 0) return undefined;
    const wait = new Wait(this.#waiter, die);
    return wait.over(waiting, timeout, signal);
  }

  /** Rejects what still waits. */
  stop(): void {
    this.#stopped = true;
    this.#waiter.stop();
  }
}

/** One call of `wait`. */
class Wait {
  readonly #waiter: Waiter;
  readonly #die: boolean | undefined;
  #arrivals: readonly Arrival[] = [];
  /** How many have not arrived. */
  #left = 0;
  #timer: NodeJS.Timeout | undefined;
  #unlisten: (() => void) | undefined;
  #resolve: ((failure: Failure | undefined) => void) | undefined;

  constructor(waiter: Waiter, die: boolean | undefined) {
    this.#waiter = waiter;
    this.#die = die;
  }

  over(
    jobs: readonly Job[],
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Failure | undefined> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      const each = jobs.length > 1 ? [...new Set(jobs)] : jobs;
      this.#left = each.length;
      this.#arrivals = each.map((job) => new Arrival(this, job));
      for (const arrival of this.#arrivals) this.#await(arrival);
      if (timeout !== undefined) this.#limit(timeout);
      if (signal !== undefined) this.#heed(signal);
    });
  }

  arrived(arrival: Arrival): void {
    const { job } = arrival;
    arrival.here = true;
    this.#left -= 1;
    if (fatal(job, this.#die)) this.end(() => failed(job));
    else if (this.#left === 0) this.end(undefined);
  }

  end(failure: Failure | undefined): void {
    this.#resolve?.(failure);
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#unlisten?.();
    if (this.#left === 0) return;
    for (const one of this.#arrivals)
      if (!one.here) this.#waiter.forsake(one.ending, one);
  }

  #await(arrival: Arrival): void {
    const { ending } = arrival;
    if (ending.ended || ending.deleted) {
      soon(() => {
        arrival.told();
      });
      return;
    }
    this.#waiter.await(ending, arrival);
    if (!ending.sure) this.#waiter.look();
  }

  #limit(timeout: number): void {
    this.#timer = setTimeout(() => {
      const pending = this.#arrivals
        .filter(({ here }) => !here)
        .map(({ job }) => job.id);
      this.end(() => new WaitTimeoutError(timeout, pending));
    }, timeout);
  }

  #heed(signal: AbortSignal): void {
    const abort = (): void => {
      this.end(() => signal.reason as unknown);
    };
    signal.addEventListener("abort", abort, { once: true });
    this.#unlisten = () => {
      signal.removeEventListener("abort", abort);
    };
  }
}

/** One job of a wait, whose handle is refreshed when it has ended. */
class Arrival implements Listener {
  readonly job: Job;
  readonly ending: Ending;
  here = false;
  readonly #wait: Wait;

  constructor(wait: Wait, job: Job) {
    this.#wait = wait;
    this.job = job;
    this.ending = job.ending;
  }

  stopped(): void {
    this.#wait.end(() => new StoppedError("wait"));
  }

  told(): void {
    const { job, ending } = this;
    if (ending.deleted) this.#wait.end(() => new JobNotFoundError(job.id));
    else if (ending.fields !== undefined) {
      job.finish(ending.fields);
      this.#wait.arrived(this);
    } else {
      job.load().then(
        () => {
          this.#wait.arrived(this);
        },
        (cause: unknown) => {
          this.#wait.end(() => cause);
        },
      );
    }
  }
}

function ended({ state }: Job): boolean {
  return state !== "NEW" && state !== "RUNNING";
}

function fatal(job: Job, die: boolean | undefined): boolean {
  return job.state === "ERROR" && (die ?? job.die);
}

function failed(job: Job): JobFailedError<Job> {
  const { id, errorCat, error } = job;
  const { name = "Error", message = "", stack = "" } = error ?? {};
  const cause = Object.assign(new Error(message), { name, stack });
  const shown = job.name === `j${String(id)}` ? "" : ` (${job.name})`;
  const what = `job ${String(id)}${shown} ended ${errorCat}`;
  return new JobFailedError(`${what}: ${name}: ${message}`, job, errorCat, {
    cause,
  });
}
