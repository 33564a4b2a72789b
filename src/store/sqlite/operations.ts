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
  /** What it gave. */
  value: unknown;
  resolve: (value: unknown) => void;
  reject: (cause: Error) => void;
  part: Part;
  /** The disk need not have it before its promise settles. */
  light: boolean;
  /** It was in a transaction that failed. */
  alone: boolean;
}

/** What waits for a transaction, each part in the order of the calls; and those of them that are in the one of now. */
export class Operations {
  readonly #waiting: Record<Part, Operation[]> = {
    first: [],
    between: [],
    last: [],
  };
  readonly #taken: Record<Part, number> = { first: 0, between: 0, last: 0 };
  #light = true;

  get any(): boolean {
    const { first, between, last } = this.#waiting;
    return first.length > 0 || between.length > 0 || last.length > 0;
  }

  /** How many are in the transaction. */
  get taken(): number {
    const { first, between, last } = this.#taken;
    return first + between + last;
  }

  /** Whether all of them are light. */
  get light(): boolean {
    return this.#light;
  }

  /** Whether there is more in it than ends and claims. */
  get others(): boolean {
    return this.#taken.between > 0;
  }

  push(operation: Operation): void {
    this.#waiting[operation.part].push(operation);
  }

  /** Takes those of one transaction, one after another as they run. */
  run(): void {
    const begun = monotonic();
    this.#light = true;
    for (const part of parts) this.#taken[part] = 0;
    for (const part of parts) {
      const [head] = this.#waiting[part];
      if (head?.alone !== true) continue;
      this.#run(head);
      return;
    }
    for (const part of parts) {
      for (const operation of this.#waiting[part]) {
        this.#run(operation);
        if (monotonic() - begun > until[part]) break;
      }
    }
  }

  /** Those that were taken run again, each in a transaction of its own. */
  separate(): void {
    this.#each((operation) => {
      operation.alone = true;
    });
  }

  /** Those that were taken are done, and each is told so. */
  done(tell: (operation: Operation) => void): void {
    this.#each(tell);
    for (const part of parts) {
      const [waiting, taken] = [this.#waiting[part], this.#taken[part]];
      if (taken === waiting.length) waiting.length = 0;
      else waiting.splice(0, taken);
    }
  }

  /** All of them; none waits any more. */
  clear(): Operation[] {
    return parts.flatMap((part) => this.#waiting[part].splice(0));
  }

  #run(operation: Operation): void {
    this.#taken[operation.part] += 1;
    this.#light &&= operation.light;
    operation.value = operation.run(operation.alone);
  }

  #each(callback: (operation: Operation) => void): void {
    for (const part of parts) {
      const [waiting, taken] = [this.#waiting[part], this.#taken[part]];
      for (let at = 0; at < taken; at += 1) callback(waiting[at]!);
    }
  }
}
