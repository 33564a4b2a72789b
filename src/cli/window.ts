/** Counts what is on its way, and lets one wait until it is few enough. */
export class Window {
  #count = 0;
  #wake: (() => void) | undefined;
  #fault: { cause: unknown } | undefined;

  enter(): void {
    this.#count += 1;
  }

  leave(): void {
    this.#count -= 1;
    this.#wake?.();
  }

  /** Whoever waits, or will, gets this error. */
  fail(cause: unknown): void {
    this.#fault ??= { cause };
    this.#wake?.();
  }

  /** Resolves when no more than so many are on their way; rejects at the signal. */
  async atMost(count: number, signal: AbortSignal): Promise<void> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener("abort", wake);
    try {
      for (;;) {
        signal.throwIfAborted();
        if (this.#fault !== undefined) throw this.#fault.cause;
        if (this.#count <= count) return;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }
}
