import { clearTimeout, monotonic, setImmediate, setTimeout } from "../clock.js";

/**
 * One timer for the earliest of many deadlines, on the monotonic clock. It stays when there are none any more, for
 * a timer to be made for each job is what a job would cost; but then it keeps no process alive.
 */
export class Alarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #at = Infinity;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Rings at the deadline, or earlier if it was set so before. */
  set(deadline: number): void {
    if (deadline === Infinity) return;
    if (deadline >= this.#at) {
      this.#timer?.ref();
      return;
    }
    clearTimeout(this.#timer);
    this.#at = deadline;
    const wait = Math.max(0, deadline - monotonic());
    this.#timer = setTimeout(() => {
      // What a child that was in time has just written is read first.
      setImmediate(() => {
        this.#at = Infinity;
        this.#ring();
      });
    }, wait);
  }

  /** There is no deadline any more: it may still ring. */
  rest(): void {
    this.#timer?.unref();
  }

  /** Rings no more. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#at = Infinity;
  }
}
