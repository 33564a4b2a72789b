import { monotonic, now } from "../clock.js";
import { Dismissal } from "./dismissal.js";

/** starting -> idle <-> busy -> draining -> dead; from any of them to dead. */
export type Phase = "starting" | "idle" | "busy" | "draining" | "dead";

/** How far a worker has come, since when, and why it ends. */
export abstract class Life {
  /** Epoch milliseconds. */
  readonly timeStart = now();
  protected readonly dismissal = new Dismissal();
  #error: string | null = null;
  #phase: Phase = "starting";
  #lastUpdate = this.timeStart;
  #idleSince = monotonic();

  get phase(): Phase {
    return this.#phase;
  }

  /** Epoch milliseconds of its last change of phase. */
  get lastUpdate(): number {
    return this.#lastUpdate;
  }

  /** Whether it can be given jobs. */
  get open(): boolean {
    return this.#phase === "idle" || this.#phase === "busy";
  }

  /** Milliseconds since it had nothing to do; 0 while it has. */
  get idleFor(): number {
    return this.#phase === "idle" ? monotonic() - this.#idleSince : 0;
  }

  /** Whether somebody asked it to end, and not for a fresh one. */
  get unwanted(): boolean {
    return this.dismissal.unwanted;
  }

  /** Why it died, when nobody had asked it to. */
  get error(): string | null {
    return this.#error;
  }

  /** What was told first is why. */
  protected blame(why: string): void {
    this.#error ??= why;
  }

  /** False if it has been there before, or is dead. */
  protected enter(phase: Phase): boolean {
    if (this.#phase === phase || this.#phase === "dead") return false;
    this.#phase = phase;
    this.#lastUpdate = now();
    if (phase === "idle") this.#idleSince = monotonic();
    return true;
  }
}
