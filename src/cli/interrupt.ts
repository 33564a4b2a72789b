/** A signal that comes twice within so many milliseconds was sent once: launchers pass on what a terminal has sent already. */
const echo = 300;
const interruptedCode = 130;

/** SIGINT and SIGTERM as an AbortSignal; the second one ends the process at once. */
export class Interrupt {
  readonly #controller = new AbortController();
  #since = 0;

  constructor() {
    process.on("SIGINT", this.#interrupt);
    process.on("SIGTERM", this.#interrupt);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
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
    if (this.#since === 0) this.#since = now;
    else if (now - this.#since > echo) process.exit(interruptedCode);
    this.stop();
  };
}
