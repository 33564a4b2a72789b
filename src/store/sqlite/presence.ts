import { type Stats, statSync } from "node:fs";

import { StoreError } from "../../errors.js";

/**
 * Whether a store's file is still the one that was opened. SQLite writes on into one that was removed or
 * replaced, and what it accepts then nobody will ever see.
 */
export class Presence {
  readonly #file: string;
  readonly #opened: Stats | undefined;

  /** '' = in memory, and always there. */
  constructor(file: string) {
    this.#file = file;
    this.#opened = file === "" ? undefined : look(file);
  }

  /** Throws if it is not, or not any more; a file that was moved back is the same again. */
  check(): void {
    if (this.#opened === undefined) return;
    const { dev, ino } = this.#opened;
    const found = look(this.#file);
    if (found?.ino === ino && found.dev === dev) return;
    throw new StoreError(
      `write ${this.#file}: the file was removed, moved or replaced since it was opened`,
      "gone",
      this.#file,
    );
  }
}

function look(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false });
}
