import type { Reply } from "./cluster.js";

/** Calls that are under way, whose answers must all come. */
export class Answers {
  /** Those that were errors and should not have been. */
  readonly errors: string[] = [];
  readonly #pending = new Set<Promise<unknown>>();

  get pending(): number {
    return this.#pending.size;
  }

  /** Resolves with the answer, which is no error unless it is one that may be. */
  take<T>(
    asking: Promise<Reply<T>>,
    told: (value: T) => void = () => undefined,
    mayFail: (error: string) => boolean = () => false,
  ): Promise<void> {
    const answered = asking.then((reply) => {
      this.#pending.delete(answered);
      if (reply.kind === "value") told(reply.value);
      // Its host was stopped meanwhile.
      else if (reply.kind === "lost" || reply.error.includes("Stopped")) return;
      else if (!mayFail(reply.error)) this.errors.push(reply.error);
    });
    this.#pending.add(answered);
    return answered;
  }
}
