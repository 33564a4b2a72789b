import { monotonic } from "../../clock.js";

/** In which part of a transaction an operation runs: ends first, claims last, all else between them. */
export type Part = (typeof parts)[number];

const parts = ["first", "between", "last"] as const;

/**
 * Milliseconds after a transaction's begin from which it takes no more of a part, but one of each at least: it does
 * not hold the event loop for long, and of very many inserts none keeps jobs from being claimed or ended.
 */
const until = { first: 8, between: 8, last: 10 };

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

  get any(): boolean {
    return parts.some((part) => this.#waiting[part].length > 0);
  }

  push(operation: Operation): void {
    this.#waiting[operation.part].push(operation);
  }

  /** Those of one transaction, one after another as they run. */
  *take(): Generator<Operation> {
    const begun = monotonic();
    this.#taken = { first: 0, between: 0, last: 0 };
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
    }
  }

  /** Those that were taken are done. */
  done(): void {
    for (const part of parts) this.#waiting[part].splice(0, this.#taken[part]);
  }

  /** All of them; none waits any more. */
  clear(): Operation[] {
    return parts.flatMap((part) => this.#waiting[part].splice(0));
  }
}
