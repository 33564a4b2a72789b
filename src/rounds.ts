import { clearInterval, setInterval } from "./clock.js";

/** Something that is done time and again, and never twice at once. */
export class Rounds<T> {
  readonly #run: () => Promise<T>;
  #current: Promise<T> | undefined;
  /** The one after it, if somebody waits for that. */
  #next: Promise<T> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(run: () => Promise<T>) {
    this.#run = run;
  }

  get busy(): boolean {
    return this.#current !== undefined || this.#next !== undefined;
  }

  /** A round that begins no earlier than now: what is under way may have looked before something happened. */
  again(): Promise<T> {
    if (this.#next !== undefined) return this.#next;
    if (this.#current === undefined) return this.#begin();
    const begin = (): Promise<T> => {
      this.#next = undefined;
      return this.#begin();
    };
    return (this.#next = this.#current.then(begin, begin));
  }

  /** From now on one each so many milliseconds; holds no process. Its failures are told. */
  repeat(interval: number, failed: (cause: unknown) => void): void {
    this.#timer ??= setInterval(() => {
      if (!this.busy) this.again().catch(failed);
    }, interval).unref();
  }

  /** Resolves when none is under way, however that ended: whoever began it is told. */
  async settled(): Promise<void> {
    while (this.busy) await Promise.allSettled([this.#current, this.#next]);
  }

  /** Repeats no more; resolves when none is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.settled();
  }

  #begin(): Promise<T> {
    const round = this.#run().finally(() => {
      this.#current = undefined;
    });
    return (this.#current = round);
  }
}
