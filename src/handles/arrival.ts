import { soon } from "../clock.js";
import { JobFailedError, JobNotFoundError, StoppedError } from "../errors.js";
import { nameOf } from "../models/job.js";
import type { Ending, Listener } from "../supervisor/ending.js";
import type { Waiter } from "../supervisor/waiter.js";
import type { Job } from "./job.js";

/** Makes the error that ends a wait. Called where the wait is, not where the news came: its stack is the caller's. */
export type Failure = () => unknown;

/** A job that is waited for, whose handle is refreshed when it has ended. */
export abstract class Arrival implements Listener {
  readonly job: Job;

  constructor(job: Job) {
    this.job = job;
  }

  /** The job has ended, and its handle knows how. */
  protected abstract arrived(): void;
  protected abstract fail(failure: Failure): void;

  /** Refreshes the handle. */
  protected abstract load(): Promise<unknown>;

  await(waiter: Waiter, ending: Ending): void {
    if (ending.ended || ending.deleted) {
      soon(() => {
        this.told(ending);
      });
      return;
    }
    waiter.await(ending, this);
  }

  stopped(): void {
    this.fail(() => new StoppedError("wait"));
  }

  told({ deleted, fields }: Ending): void {
    const { job } = this;
    if (deleted) this.fail(() => new JobNotFoundError(job.id));
    else if (fields !== undefined) {
      job.finish(fields);
      this.arrived();
    } else {
      this.load().then(
        () => {
          this.arrived();
        },
        (cause: unknown) => {
          this.fail(() => cause);
        },
      );
    }
  }
}

export function ended({ state }: Job): boolean {
  return state !== "NEW" && state !== "RUNNING";
}

export function fatal(job: Job, die: boolean | undefined): boolean {
  return job.state === "ERROR" && (die ?? job.die);
}

export function failed(job: Job): JobFailedError<Job> {
  const { id, errorCat, error } = job;
  const { name = "Error", message = "", stack = "" } = error ?? {};
  // A field of that name, which a job may have given its error, would be taken for the prototype.
  const { ["__proto__"]: _, ...facts }: Record<string, unknown> = error ?? {};
  const cause = Object.assign(new Error(message), facts, { name, stack });
  const shown = job.name === nameOf(id) ? "" : ` (${job.name})`;
  const what = `job ${String(id)}${shown} ended ${errorCat}`;
  return new JobFailedError(`${what}: ${name}: ${message}`, job, errorCat, {
    cause,
  });
}
