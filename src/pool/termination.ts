import { clearTimeout, setTimeout } from "../clock.js";

/** The steps by which something is stopped, each harder than the one before, with a grace between them. */
export class Termination {
  readonly #steps: (() => void)[];
  readonly #grace: number;
  #taken = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Takes the first step at once. `grace` in milliseconds. */
  constructor(steps: readonly (() => void)[], grace: number) {
    this.#steps = [...steps];
    this.#grace = grace;
    this.next();
  }

  /** How many steps have been taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes the next step without waiting for the grace to end. */
  next(): void {
    clearTimeout(this.#timer);
    this.#taken += 1;
    this.#steps.shift()?.();
    if (this.#steps.length === 0) return;
    this.#timer = setTimeout(() => {
      this.next();
    }, this.#grace);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#steps.length = 0;
  }
}
