import { clearTimeout, setTimeout } from "../clock.js";
import { StoppedError, WaitTimeoutError } from "../errors.js";
import { boolean, duration, readOptions, signal } from "../options.js";
import type { Ending } from "../supervisor/ending.js";
import type { Waiter } from "../supervisor/waiter.js";
import { Arrival, ended, failed, type Failure, fatal } from "./arrival.js";
import type { Settle } from "./intake.js";
import type { Job, JobPort, WaitOptions } from "./job.js";
import { Signals } from "./signals.js";

const rules = { timeout: duration(undefined), die: boolean(undefined), signal };

const byDefault = readOptions("wait", rules);

/** The results of jobs, each in its place; unknown for an id. `Failed` is what stands for a job that failed. */
export type Results<Jobs extends readonly unknown[], Failed = never> = {
  -readonly [At in keyof Jobs]:
    (Jobs[At] extends Job<infer R> ? R : unknown) | Failed;
};

/** Waiting for jobs. */
export class Waits {
  readonly #waiter: Waiter;
  /** Of the instance that waits: a handle may be another's, on the same store. */
  readonly #port: JobPort;
  readonly #signals = new Signals();
  #stopped = false;

  constructor(waiter: Waiter, port: JobPort) {
    this.#waiter = waiter;
    this.#port = port;
  }

  /** Resolves when all have ended, and have been refreshed; rejects at the first failure in time that shall. */
  async all(
    where: string,
    jobs: readonly Job[],
    options: WaitOptions | undefined,
  ): Promise<void> {
    const { timeout, die, signal } =
      options === undefined ? byDefault : readOptions(where, rules, options);
    if (this.#stopped) throw new StoppedError(where);
    signal?.throwIfAborted();
    for (const job of jobs)
      if (ended(job) && fatal(job, die)) throw failed(job);
    const waiting = jobs.filter((job) => !ended(job));
    if (waiting.length === 0) return;
    const wait = new Wait(this.#waiter, this.#port, this.#signals, die);
    const failure = await wait.over(waiting, timeout, signal);
    if (failure !== undefined) throw failure();
  }

  /** The same for one. Without options it is no async function: what each holds is what very many cost. */
  one(where: string, job: Job, options: WaitOptions | undefined): Promise<Job> {
    if (options !== undefined || this.#stopped || ended(job))
      return this.all(where, [job], options).then(() => job);
    return new Promise((settle) => {
      this.follow(job, settle);
    });
  }

  /** The same for a promise that is there already. */
  follow(job: Job, settle: Settle<Job>): void {
    if (this.#stopped) settle(rejection(() => new StoppedError("wait")));
    else new Lone(job, settle).await(this.#waiter, job.endingAt(this.#port));
  }

  /** Rejects what still waits. */
  stop(): void {
    this.#stopped = true;
    this.#waiter.stop();
  }
}

/** One call of `wait`. */
class Wait {
  readonly port: JobPort;
  readonly #waiter: Waiter;
  readonly #signals: Signals;
  readonly #die: boolean | undefined;
  #arrivals: readonly OneOfMany[] = [];
  /** How many have not arrived. */
  #left = 0;
  #timer: NodeJS.Timeout | undefined;
  #unlisten: (() => void) | undefined;
  #resolve: ((failure: Failure | undefined) => void) | undefined;

  constructor(
    waiter: Waiter,
    port: JobPort,
    signals: Signals,
    die: boolean | undefined,
  ) {
    this.#waiter = waiter;
    this.port = port;
    this.#signals = signals;
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
      this.#arrivals = each.map((job) => new OneOfMany(job, this));
      for (const arrival of this.#arrivals)
        arrival.await(this.#waiter, arrival.ending);
      if (timeout !== undefined) this.#limit(timeout);
      if (signal !== undefined) this.#heed(signal);
    });
  }

  arrived(arrival: OneOfMany): void {
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

  #limit(timeout: number): void {
    this.#timer = setTimeout(() => {
      const pending = this.#arrivals
        .filter(({ here }) => !here)
        .map(({ job }) => job.id);
      this.end(() => new WaitTimeoutError(timeout, pending));
    }, timeout);
  }

  #heed(signal: AbortSignal): void {
    this.#unlisten = this.#signals.heed(signal, () => {
      this.end(() => signal.reason as unknown);
    });
  }
}

class OneOfMany extends Arrival {
  readonly #wait: Wait;
  /** Once it is told, the handle may follow another. */
  readonly ending: Ending;
  here = false;

  constructor(job: Job, wait: Wait) {
    super(job);
    this.ending = job.endingAt(wait.port);
    this.#wait = wait;
  }

  protected load(): Promise<unknown> {
    return this.job.loadFrom(this.#wait.port);
  }

  protected arrived(): void {
    this.#wait.arrived(this);
  }

  protected fail(failure: Failure): void {
    this.#wait.end(failure);
  }
}

/** A job of which its wait, without limits, is all. */
class Lone extends Arrival {
  readonly #settle: Settle<Job>;

  constructor(job: Job, settle: Settle<Job>) {
    super(job);
    this.#settle = settle;
  }

  protected load(): Promise<unknown> {
    return this.job.load();
  }

  protected arrived(): void {
    const { job } = this;
    if (fatal(job, undefined)) this.fail(() => failed(job));
    else this.#settle(job);
  }

  protected fail(failure: Failure): void {
    this.#settle(rejection(failure));
  }
}

/** Rejects once it is followed by the promise that is resolved with it: then V8 knows who awaits the error. */
function rejection(failure: Failure): Promise<never> {
  return Promise.resolve()
    .then(() => undefined)
    .then(() => {
      throw failure();
    });
}
