import { clearTimeout, setTimeout } from "../clock.js";
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

/** Waiting for jobs. */
export class Waits {
  readonly #waiter: Waiter;
  readonly #pending = new Set<(cause: Error) => void>();
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
    for (const job of jobs) if (ended(job)) check(job, die);
    const waiting = new Set(jobs.filter((job) => !ended(job)));
    if (waiting.size === 0) return;
    const undo: (() => void)[] = [];
    try {
      await new Promise<void>((resolve, reject) => {
        this.#pending.add(reject);
        undo.push(() => this.#pending.delete(reject));
        const arrived = (job: Job): void => {
          waiting.delete(job);
          try {
            check(job, die);
          } catch (failure) {
            reject(failure);
          }
          if (waiting.size === 0) resolve();
        };
        for (const job of waiting) undo.push(this.#await(job, arrived, reject));
        if (timeout !== undefined) {
          const timer = setTimeout(() => {
            reject(
              new WaitTimeoutError(
                timeout,
                [...waiting].map(({ id }) => id),
              ),
            );
          }, timeout);
          undo.push(() => {
            clearTimeout(timer);
          });
        }
        if (signal !== undefined) {
          const abort = (): void => {
            reject(signal.reason as Error);
          };
          signal.addEventListener("abort", abort, { once: true });
          undo.push(() => {
            signal.removeEventListener("abort", abort);
          });
        }
      });
    } finally {
      for (const one of undo) one();
    }
  }

  /** Rejects what still waits. */
  stop(): void {
    this.#stopped = true;
    for (const reject of [...this.#pending]) reject(new StoppedError("wait"));
  }

  #await(
    job: Job,
    arrived: (job: Job) => void,
    reject: (cause: Error) => void,
  ): () => void {
    const ending = job.ending();
    const refresh = (): void => {
      if (ending.deleted) reject(new JobNotFoundError(job.id));
      else if (ending.fields !== undefined) {
        job.replace(ending.fields);
        arrived(job);
      } else {
        job.load().then(arrived, reject);
      }
    };
    if (ending.ended || ending.deleted) {
      queueMicrotask(refresh);
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

function check(job: Job, die: boolean | undefined): void {
  if (job.state !== "ERROR" || !(die ?? job.die)) return;
  const { name = "Error", message = "", stack = "" } = job.error ?? {};
  const cause = Object.assign(new Error(message), { name, stack });
  const what = `job ${String(job.id)}${job.name === `j${String(job.id)}` ? "" : ` (${job.name})`}`;
  throw new JobFailedError(
    `${what} ended ${job.errorCat}: ${name}: ${message}`,
    job,
    job.errorCat,
    { cause },
  );
}
