import type { Move, Trace } from "./record.js";

/** Who ran what, and beside whom: as traces tell, and of what died before it could leave one, the store. */
export class Runs {
  readonly starts: readonly Trace[];
  /** By job and attempt. */
  readonly #byKey = new Map<string, Trace>();
  readonly #ended = new Set<string>();
  readonly #holders = new Map<string, number>();
  /** By the pid of their child. */
  readonly #together = new Map<number, Trace[]>();
  readonly #crowded: Trace[] = [];

  constructor(traces: readonly Trace[], moves: readonly Move[]) {
    this.starts = traces.filter(({ what }) => what === "start");
    for (const trace of traces) {
      if (trace.what === "start") this.#start(trace);
      if (trace.what === "end") this.#ended.add(keyOf(trace));
    }
    for (const { job, attemptWas: attempt, was, pidWas } of moves) {
      if (was === "RUNNING" && pidWas !== null)
        this.#holders.set(keyOf({ job, attempt }), pidWas);
    }
  }

  /** Those that began while their child already ran as many as it may. */
  get crowded(): readonly Trace[] {
    return this.#crowded;
  }

  start(job: number, attempt: number): Trace | undefined {
    return this.#byKey.get(keyOf({ job, attempt }));
  }

  /** Whether it was about to return, or to throw. */
  hasEnded(job: number, attempt: number): boolean {
    return this.#ended.has(keyOf({ job, attempt }));
  }

  /** The child that ran it, or was to. */
  pid(job: number, attempt: number): number | undefined {
    const key = keyOf({ job, attempt });
    return this.#byKey.get(key)?.pid ?? this.#holders.get(key);
  }

  /** All that began in a child. */
  within(pid: number | undefined): readonly Trace[] {
    return pid === undefined ? [] : (this.#together.get(pid) ?? []);
  }

  #start(trace: Trace): void {
    // If there are two, the first: that there are is told elsewhere.
    const key = keyOf(trace);
    if (!this.#byKey.has(key)) this.#byKey.set(key, trace);
    const before = this.within(trace.pid);
    const running = before.filter((one) => !this.#ended.has(keyOf(one)));
    if (running.length >= trace.concurrency) this.#crowded.push(trace);
    this.#together.set(trace.pid, [...before, trace]);
  }
}

function keyOf({ job, attempt }: { job: number; attempt: number }): string {
  return `${String(job)}/${String(attempt)}`;
}
