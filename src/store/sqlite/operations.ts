import { monotonic } from "../../clock.js";

/** In which part of a transaction an operation runs: ends first, claims last, all else between them. */
export type Part = (typeof parts)[number];

const parts = ["first", "between", "last"] as const;

/**
 * Milliseconds after a transaction's begin from which it takes no more of a part, but one of each at least: it does
 * not hold the event loop for long, and of very many inserts none keeps jobs from being claimed or ended.
 */
const until = { first: 8, between: 8, last: 10 };

/** What an operation gives that has done nothing, and is to run again in the next transaction. */
export const notYet = Symbol("not yet");

export interface Operation {
  run: (alone: boolean) => unknown;
  resolve: (value: never) => void;
  reject: (cause: Error) => void;
  part: Part;
  /** The disk need not have it before its promise settles. */
  light: boolean;
  /** It was in a transaction that failed. */
  alone: boolean;
}

/** What waits for a transaction, each part in the order of the calls. */
export class Operations {
  readonly #waiting: Record<Part, Operation[]> = {
    first: [],
    between: [],
    last: [],
  };
  #taken: Record<Part, number> = { first: 0, between: 0, last: 0 };
  #behind = false;

  get any(): boolean {
    return parts.some((part) => this.#waiting[part].length > 0);
  }

  /** Whether the transaction has left out some that come before the last. */
  get behind(): boolean {
    return this.#behind;
  }

  push(operation: Operation): void {
    this.#waiting[operation.part].push(operation);
  }

  /** Those of one transaction, one after another as they run. */
  *take(): Generator<Operation> {
    const begun = monotonic();
    this.#taken = { first: 0, between: 0, last: 0 };
    this.#behind = false;
    const heads = parts.map((part) => this.#waiting[part][0]);
    const alone = heads.find((head) => head?.alone);
    if (alone !== undefined) {
      this.#taken[alone.part] = 1;
      yield alone;
      return;
    }
    for (const part of parts) {
      for (const operation of this.#waiting[part]) {
        this.#taken[part] += 1;
        yield operation;
        if (monotonic() - begun > until[part]) break;
      }
      if (this.#taken[part] < this.#waiting[part].length) this.#behind = true;
    }
  }

  /** Those that were taken are done, but for some of the last. */
  done(notYet: readonly Operation[]): void {
    for (const part of parts) this.#waiting[part].splice(0, this.#taken[part]);
    this.#waiting.last.push(...notYet);
  }

  /** All of them; none waits any more. */
  clear(): Operation[] {
    return parts.flatMap((part) => this.#waiting[part].splice(0));
  }
}
