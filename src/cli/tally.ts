import type { Job } from "../index.js";
import { inputOf } from "./earlier.js";
import { duration, number, perSecond, plural } from "./format.js";
import { firstLine } from "./usage.js";

/** How many failures are told of by name. */
const mostShown = 5;

/** What has ended so far, and how. */
export class Tally {
  done = 0;
  /** Of them, those that had ended before this run began. */
  earlier = 0;
  failed = 0;
  /** Of those, the ones that had failed before this run began. */
  earlierFailed = 0;
  readonly #shown: string[] = [];

  add(job: Job, earlier: boolean): void {
    this.done += 1;
    if (earlier) this.earlier += 1;
    if (job.state !== "ERROR") return;
    this.failed += 1;
    if (earlier) this.earlierFailed += 1;
    if (this.#shown.length === mostShown) return;
    const message = firstLine(job.error?.message ?? "");
    this.#shown.push(`  ${inputOf(job)}: ${job.errorCat}: ${message}`);
  }

  /** The last words of a run that came to its end, after so many seconds. */
  summary(seconds: number): string[] {
    if (this.done === 0) return ["no inputs"];
    const fresh = this.done - this.earlier;
    const before = `${number(this.earlier)} of them had been done already`;
    const took = `in ${duration(seconds)} (${perSecond(fresh / seconds)} jobs/s)`;
    const ran =
      fresh === 0
        ? "all had been done already (--fresh does them again)"
        : `${this.earlier === 0 ? "" : `${before}, ${number(fresh)} `}${took}`;
    const lines = [`${plural(this.done, "input")} done: ${ran}`];
    const again =
      this.earlierFailed === 0 ? "" : " (--retry-failed tries them again)";
    if (this.failed > 0) lines.push(`${number(this.failed)} failed${again}:`);
    lines.push(...this.#shown);
    if (this.failed > this.#shown.length) lines.push("  ...");
    return lines;
  }
}
