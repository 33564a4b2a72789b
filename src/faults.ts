import { types } from "node:util";

import { monotonic } from "./clock.js";

/** Milliseconds in which the same fault is told once. */
const quiet = 100;

/** Tells of faults; of one that all meet at once, or again and again, once in a while. */
export class Faults {
  readonly #tell: (error: Error) => void;
  /** When each was told last, by its text. */
  readonly #told = new Map<string, number>();

  constructor(tell: (error: Error) => void) {
    this.#tell = tell;
  }

  add(cause: unknown): void {
    const error = types.isNativeError(cause) ? cause : new Error(String(cause));
    const time = monotonic();
    for (const [text, at] of this.#told)
      if (time - at >= quiet) this.#told.delete(text);
    const text = `${error.name}: ${error.message}`;
    if (this.#told.has(text)) return;
    this.#told.set(text, time);
    this.#tell(error);
  }
}
