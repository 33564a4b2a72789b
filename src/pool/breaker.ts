import { clearTimeout, setTimeout } from "../clock.js";

const first = 200;
const longest = 30_000;

/** Keeps a pool whose children cannot boot from forking without end: each failure doubles the pause. */
export class Breaker {
  #pause = first;
  #timer: NodeJS.Timeout | undefined;

  /** Whether it is too early to try again. */
  get open(): boolean {
    return this.#timer !== undefined;
  }

  trip(tryAgain: () => void): void {
    if (this.open) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      tryAgain();
    }, this.#pause);
    this.#pause = Math.min(this.#pause * 2, longest);
  }

  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pause = first;
  }
}
