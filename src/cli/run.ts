import type { MyJobs } from "../index.js";
import { begin, type MapOptions, type Run } from "./begin.js";
import { Feed } from "./feed.js";
import { number } from "./format.js";
import { PoolHistory } from "./history.js";
import { Interrupt, interruptedCode } from "./interrupt.js";
import { Progress } from "./progress.js";
import { Report } from "./report.js";
import { jsonLine, plainLine, Printer } from "./results.js";
import { Tally } from "./tally.js";
import { messageOf } from "./usage.js";

export type { MapOptions } from "./begin.js";

/** How long running jobs may take to finish once it is interrupted, in milliseconds. */
const stopTimeout = 500;

/** Runs the command; resolves to the exit code. */
export async function runMap(
  spec: string,
  given: readonly string[],
  options: MapOptions,
): Promise<number> {
  const interrupt = new Interrupt();
  try {
    const run = await begin(spec, given, options);
    return await new MapRun(run, options, interrupt).run();
  } catch (cause) {
    process.stderr.write(`error: ${messageOf(cause)}\n`);
    return 2;
  } finally {
    interrupt.close();
  }
}

class MapRun {
  readonly #run: Run;
  readonly #options: MapOptions;
  readonly #interrupt: Interrupt;
  readonly #tally = new Tally();
  readonly #history = new PoolHistory(
    () => this.#tally.done - this.#tally.earlier,
  );
  readonly #report = new Report();
  readonly #progress: Progress;
  #total: number | undefined;

  constructor(run: Run, options: MapOptions, interrupt: Interrupt) {
    this.#run = run;
    this.#options = options;
    this.#interrupt = interrupt;
    this.#progress = new Progress(process.stderr, () => ({
      done: this.#tally.done,
      earlier: this.#tally.earlier,
      failed: this.#tally.failed,
      total: this.#total,
      workers: run.myjobs.workers.size,
    }));
  }

  async run(): Promise<number> {
    const { myjobs } = this.#run;
    const { signal } = this.#interrupt;
    const begun = performance.now();
    process.stdout.on("error", this.#unread);
    myjobs.on("error", this.#tellError);
    let fault: unknown;
    try {
      await this.#feed();
    } catch (cause) {
      fault = cause;
    }
    await myjobs.stop(signal.aborted ? { timeout: stopTimeout } : {});
    this.#progress.stop();
    this.#history.stop();
    process.stdin.destroy();
    if (signal.aborted) return this.#tellStop();
    if (fault !== undefined) {
      this.#progress.say(`error: ${messageOf(fault)}`);
      return 1;
    }
    return this.#tellEnd((performance.now() - begun) / 1_000);
  }
}
