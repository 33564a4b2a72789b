import type { RestoredAction } from "../actions/restore.js";
import type { JobMessage } from "../transport/messages.js";

/** A job whose turn it is, from then to its end. */
export class Run {
  readonly job: JobMessage;
  /** Undefined while it is being loaded. */
  action: RestoredAction | undefined;
  #controller: AbortController | undefined;

  constructor(job: JobMessage) {
    this.job = job;
  }

  isOf({ id, attempt }: { id: number; attempt: number }): boolean {
    return this.job.id === id && this.job.attempt === attempt;
  }

  /** Made when it is asked for: most jobs never do. */
  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  get aborted(): boolean {
    return this.#controller?.signal.aborted === true;
  }

  abort(reason: string): void {
    this.#controller ??= new AbortController();
    const error = new Error(reason);
    error.name = "AbortError";
    this.#controller.abort(error);
  }

  /** Resolves like the promise, unless the job is aborted before. */
  async unlessAborted<T>(promise: T | Promise<T>): Promise<T> {
    const { signal } = this;
    signal.throwIfAborted();
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => {
        reject(signal.reason as Error);
      });
    });
    return Promise.race([promise, aborted]);
  }
}
