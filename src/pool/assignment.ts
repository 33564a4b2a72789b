import { monotonic, now } from "../clock.js";
import { type ClaimedJob, sizeOf } from "../models/job.js";
import type { End, SentJob } from "../transport/messages.js";
import type { Verdict } from "./outcome.js";
import type { Termination } from "./termination.js";

/** A job that a worker holds. */
export class Assignment implements SentJob {
  readonly job: ClaimedJob;
  /** Its place among the marks; 0 = there are none. */
  readonly mark: number;
  /** It was sent behind others, and can be taken back before it starts. */
  readonly ahead: boolean;
  /** Milliseconds; 0 = none. */
  readonly limit: number;
  /** Characters, by `sizeOf`. */
  readonly size: number;
  /** Epoch milliseconds; 0 = it waits in the child behind others. */
  timeStart = 0;
  /** By the monotonic clock: since then its limit runs. */
  timedSince = Infinity;
  /** It has been seen that its process has come to it. */
  reached = false;
  /** It was over its limit for a while only because nobody looked. */
  spared = false;
  /** Its end was not taken for its own, and comes with that of its process. */
  refused = false;
  verdict: Verdict | undefined;
  /** Epoch milliseconds at which it got its verdict. */
  judgedAt = 0;
  termination: Termination | undefined;
  /** What became of it is known: it is held no more. */
  removed = false;
  /** The one that was given to the worker after it. */
  next: Assignment | undefined;

  constructor(job: ClaimedJob, mark: number, ahead: boolean, limit: number) {
    this.job = job;
    this.mark = mark;
    this.ahead = ahead;
    this.limit = limit;
    this.size = sizeOf(job);
  }

  /** Whether its limit runs, though its process need not have come to it. */
  get timed(): boolean {
    return this.timeStart !== 0;
  }

  /** Whether what becomes of it is no question of time any more. */
  get decided(): boolean {
    return this.verdict !== undefined || this.refused;
  }

  get deadline(): number {
    return this.limit === 0 ? Infinity : this.timedSince + this.limit;
  }

  judge(verdict: Verdict): void {
    this.verdict = verdict;
    this.judgedAt = now();
  }

  startClock(): void {
    this.timeStart = now();
    this.timedSince = monotonic();
  }

  /** Whether it had ended within its limit, and before it was given up, though that is told only now; and so far it has only been asked to end. */
  endedInTime({ timeStart, took }: End): boolean {
    const { verdict, termination, judgedAt, limit } = this;
    if (verdict?.errorCat !== "TIMEOUT" || termination?.taken !== 1)
      return false;
    // Both clocks give whole milliseconds.
    return took < limit && timeStart + took + 1 < judgedAt;
  }
}
