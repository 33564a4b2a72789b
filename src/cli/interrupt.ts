/** A signal that comes twice within so many milliseconds was sent once: launchers pass on what a terminal has sent already. */
const echo = 300;
const interruptedCode = 130;

/** SIGINT and SIGTERM as an AbortSignal. The second one ends the process at once, or, where it is given, calls `again`, and the third does. */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #again: (() => void) | undefined;
  #times = 0;
  #last = 0;

  constructor(again?: () => void) {
    this.#again = again;
    process.on("SIGINT", this.#interrupt);
    process.on("SIGTERM", this.#interrupt);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether it came a second time. */
  get impatient(): boolean {
    return this.#times > 1;
  }

  /** The same from within. */
  stop(): void {
    this.#controller.abort();
  }

  close(): void {
    process.off("SIGINT", this.#interrupt);
    process.off("SIGTERM", this.#interrupt);
  }

  readonly #interrupt = (): void => {
    const now = performance.now();
    const echoed = this.#times > 0 && now - this.#last <= echo;
    if (echoed) return;
    this.#last = now;
    this.#times += 1;
    if (this.#times === 1) this.stop();
    else if (this.#times === 2 && this.#again !== undefined) this.#again();
    else process.exit(interruptedCode);
  };
}
