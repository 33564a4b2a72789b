import { monotonic, now } from "../clock.js";
import { type ClaimedJob, sizeOf } from "../models/job.js";
import type { SentJob } from "../transport/messages.js";
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
  /** By the monotonic clock. */
  startedAt = Infinity;
  /** It was over its limit for a while only because nobody looked. */
  spared = false;
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

  get started(): boolean {
    return this.timeStart !== 0;
  }

  get deadline(): number {
    return this.limit === 0 ? Infinity : this.startedAt + this.limit;
  }

  judge(verdict: Verdict): void {
    this.verdict = verdict;
    this.judgedAt = now();
  }

  start(): void {
    this.timeStart = now();
    this.startedAt = monotonic();
  }
}
