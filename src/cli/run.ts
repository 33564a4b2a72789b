import { setTimeout as sleep } from "node:timers/promises";

import { begin, type MapOptions, type Run } from "./begin.js";
import { Feed } from "./feed.js";
import { number } from "./format.js";
import { PoolHistory } from "./history.js";
import { Interrupt } from "./interrupt.js";
import { Progress } from "./progress.js";
import { Report } from "./report.js";
import { jsonLine, plainLine, Printer, type Results } from "./results.js";
import { Tally } from "./tally.js";
import { messageOf } from "./usage.js";

/** How long running jobs may take to finish once it is interrupted, in milliseconds. */
const stopTimeout = 500;
/** How long the inputs are counted before the first is scheduled, in milliseconds; it goes on meanwhile. */
const countTime = 1_000;
const exitCodes = { ok: 0, failed: 1, notBegun: 2, stopped: 130, unread: 141 };

/** Runs the command; resolves to the exit code. */
export async function runMap(
  spec: string,
  given: readonly string[],
  options: MapOptions,
): Promise<number> {
  const interrupt = new Interrupt();
  let code: number = exitCodes.notBegun;
  try {
    const run = await begin(spec, given, options);
    code = exitCodes.failed;
    return await new MapRun(run, options, interrupt).run();
  } catch (cause) {
    process.stderr.write(`error: ${messageOf(cause)}\n`);
    return code;
  } finally {
    interrupt.close();
  }
}

class MapRun {
  readonly #run: Run;
  readonly #options: MapOptions;
  readonly #interrupt: Interrupt;
  readonly #tally = new Tally();
  readonly #history: PoolHistory;
  readonly #report = new Report();
  readonly #progress: Progress;
  #total: number | undefined;
  /** Whoever read the results has gone. */
  #unread = false;
  /** Why results could not be written. */
  #unwritten: Error | undefined;

  constructor(run: Run, options: MapOptions, interrupt: Interrupt) {
    this.#run = run;
    this.#options = options;
    this.#interrupt = interrupt;
    const tally = this.#tally;
    this.#history = new PoolHistory(() => tally.done - tally.earlier);
    this.#progress = new Progress(process.stderr, () => ({
      done: tally.done,
      earlier: tally.earlier,
      failed: tally.failed,
      total: this.#total,
      workers: run.myjobs.workers.size,
    }));
  }

  async run(): Promise<number> {
    const { myjobs } = this.#run;
    const { signal } = this.#interrupt;
    const begun = performance.now();
    process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "EPIPE") this.#unread = true;
      else this.#unwritten = cause;
      this.#interrupt.stop();
    });
    // Nobody watches any more: the jobs go on.
    process.stderr.on("error", () => undefined);
    myjobs.on("error", (error) => this.#progress.say(messageOf(error)));
    signal.addEventListener("abort", this.#tellStopping);
    try {
      await this.#feed(signal);
    } catch (cause) {
      if (!signal.aborted) throw cause;
    } finally {
      await myjobs.stop(signal.aborted ? { timeout: stopTimeout } : {});
      this.#progress.stop();
      this.#history.stop();
      process.stdin.destroy();
    }
    const seconds = (performance.now() - begun) / 1_000;
    const stopped = signal.aborted;
    if (!stopped) await this.#tellEnd(seconds);
    if (this.#unwritten !== undefined) throw this.#unwritten;
    if (this.#unread) return exitCodes.unread;
    if (stopped) return this.#tellStop();
    return this.#tally.failed === 0 ? exitCodes.ok : exitCodes.failed;
  }

  async #feed(signal: AbortSignal): Promise<void> {
    const { myjobs, target, category, inputs } = this.#run;
    const results = this.#results();
    const feed = new Feed(myjobs, target, category, {
      begin: () => {
        this.#history.watch(myjobs);
        return myjobs.workersSubprocessStart();
      },
      ended: (job, earlier) => {
        this.#tally.add(job, earlier);
        results.add(job);
      },
      ready: () => results.ready(),
    });
    this.#progress.start();
    const counted = inputs.count?.(signal).then(
      (total) => (this.#total = total),
      () => undefined, // reading them meets the same, and tells it
    );
    await Promise.race([counted, sleep(countTime, undefined, { ref: false })]);
    await feed.run(inputs.read(signal), signal);
    await results.ready();
  }

  #results(): Results {
    const { json, report } = this.#options;
    if (report) return this.#report;
    const before = (): void => {
      if (process.stdout.isTTY) this.#progress.clear();
    };
    return new Printer(process.stdout, json ? jsonLine : plainLine, before);
  }

  readonly #tellStopping = (): void => {
    this.#progress.stop();
    if (!this.#unread) this.#progress.say("stopping (once more: at once)");
  };

  #tellStop(): number {
    const { done } = this.#tally;
    const { store, fresh } = this.#options;
    const of = this.#total === undefined ? "" : ` of ${number(this.#total)}`;
    const how =
      store === ":memory:"
        ? ""
        : `; the same command again${fresh ? ", without --fresh," : ""} goes on from here`;
    this.#progress.say(`stopped: ${number(done)}${of} done${how}`);
    return exitCodes.stopped;
  }

  async #tellEnd(seconds: number): Promise<void> {
    for (const line of this.#tally.summary(seconds)) this.#progress.say(line);
    if (!this.#options.report) return;
    const lines = [...this.#report.table(), "", ...this.#history.picture()];
    const text = `${lines.join("\n").trimEnd()}\n`;
    await new Promise((resolve) => process.stdout.write(text, resolve));
  }
}
