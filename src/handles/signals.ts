interface Heeded {
  aborts: Set<() => void>;
  tell: () => void;
}

/** Those who heed signals: however many heed the same one, it has one listener, and none when nobody does. */
export class Signals {
  readonly #heeded = new WeakMap<AbortSignal, Heeded>();

  /** Calls back when it aborts, unless what this gives is called before. */
  heed(signal: AbortSignal, abort: () => void): () => void {
    const { aborts, tell } = this.#heeded.get(signal) ?? this.#listen(signal);
    aborts.add(abort);
    return () => {
      // Called once more, it must not take away what others have begun since.
      if (!aborts.delete(abort) || aborts.size > 0) return;
      signal.removeEventListener("abort", tell);
      this.#heeded.delete(signal);
    };
  }

  #listen(signal: AbortSignal): Heeded {
    const aborts = new Set<() => void>();
    const tell = (): void => {
      for (const abort of aborts) abort();
    };
    const heeded = { aborts, tell };
    this.#heeded.set(signal, heeded);
    signal.addEventListener("abort", tell);
    return heeded;
  }
}
