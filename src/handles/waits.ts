import { clearTimeout, setTimeout, soon } from "../clock.js";
import {
  JobFailedError,
  JobNotFoundError,
  StoppedError,
  WaitTimeoutError,
} from "../errors.js";
import { boolean, duration, readOptions, signal } from "../options.js";
import type { Waiter } from "../supervisor/waiter.js";
import type { Job, WaitOptions } from "./job.js";

const rules = { timeout: duration(undefined), die: boolean(undefined), signal };

/** Makes the error that ends a wait. Made where the wait is, not where the news came: its stack is the caller's. */
type Failure = () => unknown;

/** Waiting for jobs. */
export class Waits {
  readonly #waiter: Waiter;
  readonly #pending = new Set<(failure: Failure) => void>();
  #stopped = false;

  constructor(waiter: Waiter) {
    this.#waiter = waiter;
  }

  /** Resolves when all have ended, and have been refreshed; rejects at the first failure in time that shall. */
  async wait(
    where: string,
    jobs: readonly Job[],
    options: WaitOptions | undefined,
  ): Promise<void> {
    const { timeout, die, signal } = readOptions(where, rules, options);
    if (this.#stopped) throw new StoppedError(where);
    signal?.throwIfAborted();
    for (const job of jobs)
      if (ended(job) && fatal(job, die)) throw failed(job);
    const waiting = new Set(jobs.filter((job) => !ended(job)));
    if (waiting.size === 0) return;
    const undo: (() => void)[] = [];
    const failure = await new Promise<Failure | undefined>((end) => {
      const arrived = (job: Job): void => {
        waiting.delete(job);
        if (fatal(job, die)) end(() => failed(job));
        else if (waiting.size === 0) end(undefined);
      };
      this.#pending.add(end);
      undo.push(() => this.#pending.delete(end));
      for (const job of waiting) undo.push(this.#await(job, arrived, end));
      if (timeout !== undefined) {
        const late = (): unknown =>
          new WaitTimeoutError(
            timeout,
            Array.from(waiting, ({ id }) => id),
          );
        const timer = setTimeout(end, timeout, late);
        undo.push(() => {
          clearTimeout(timer);
        });
      }
      const abort = (): void => {
        end(() => signal?.reason as unknown);
      };
      signal?.addEventListener("abort", abort, { once: true });
      undo.push(() => signal?.removeEventListener("abort", abort));
    });
    for (const one of undo) one();
    if (failure !== undefined) throw failure();
  }

  /** Rejects what still waits. */
  stop(): void {
    this.#stopped = true;
    for (const end of this.#pending) end(() => new StoppedError("wait"));
  }

  #await(
    job: Job,
    arrived: (job: Job) => void,
    end: (failure: Failure) => void,
  ): () => void {
    const ending = job.ending();
    const refresh = (): void => {
      if (ending.deleted) end(() => new JobNotFoundError(job.id));
      else if (ending.fields !== undefined) {
        job.finish(ending.fields);
        arrived(job);
      } else {
        job.load().then(arrived, (cause: unknown) => {
          end(() => cause);
        });
      }
    };
    if (ending.ended || ending.deleted) {
      soon(refresh);
      return () => undefined;
    }
    const undo = this.#waiter.await(ending, refresh);
    if (!ending.sure) this.#waiter.look();
    return undo;
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
