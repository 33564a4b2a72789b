import { AsyncLocalStorage } from "node:async_hooks";

import { restore, type RestoredAction } from "../actions/restore.js";
import { monotonic, now } from "../clock.js";
import { ActionError } from "../errors.js";
import type { CheckedAction } from "../models/action.js";
import type { JobError } from "../models/job.js";
import type { Marks } from "../transport/marks.js";
import type {
  ChildSettings,
  End,
  JobMessage,
  SentJob,
  WorkMessage,
} from "../transport/messages.js";
import { JobContext } from "./context.js";
import { execute } from "./execute.js";
import { toJobError } from "./failure.js";
import { Run } from "./run.js";
import { printEnd, printStart } from "./watched.js";

export interface RunnerPort {
  ended(end: End): void;
  skipped(sent: SentJob): void;
}

/** Where a run waits for its turn. */
export interface Queue {
  add(run: () => Promise<void>): Promise<unknown>;
}

export interface RunnerParts {
  /** Without them a job, once sent, cannot be taken back. */
  marks?: Marks | undefined;
  /** By which several run at a time; without it, one after another. */
  queue?: Queue | undefined;
}

/** Runs the jobs it is given, one or several at a time, in their order. The same in a child and in-process. */
export class Runner {
  readonly #port: RunnerPort;
  readonly #settings: ChildSettings;
  readonly #marks: Marks | undefined;
  readonly #actions = new Map<
    number,
    RestoredAction | Promise<RestoredAction>
  >();
  /** Of those that run, mostly one: a Map would be made anew whenever its only entry comes and goes. */
  readonly #runs: Run[] = [];
  /** In whose asynchronous context something happens. */
  readonly #owner = new AsyncLocalStorage<Run>();
  readonly #waiting: SentJob[] = [];
  readonly #queue: Queue | undefined;
  #running = false;

  constructor(
    port: RunnerPort,
    settings: ChildSettings,
    { marks, queue }: RunnerParts,
  ) {
    this.#port = port;
    this.#settings = settings;
    this.#marks = marks;
    this.#queue = queue;
  }

  take(message: WorkMessage): void {
    if (message.type === "abort") {
      for (const run of this.#runs)
        if (run.isOf(message)) run.abort(message.reason);
      return;
    }
    for (const action of message.actions) this.#learn(action);
    if (this.#queue === undefined) {
      this.#waiting.push(...message.jobs);
      if (!this.#running) void this.#runWaiting();
      return;
    }
    for (const sent of message.jobs)
      void this.#queue.add(async () => {
        const run = this.#enter(sent.job);
        const action = this.#actions.get(sent.job.actionId);
        // Those beside it may end their process meanwhile, and it has not begun.
        if (action instanceof Promise)
          await run.unlessAborted(action).catch(() => undefined); // told by #restoreThenRun
        await this.#begin(run, sent);
      });
  }

  /** What was thrown outside of any job's own promise, and whose doing it is; id 0 = nobody's. */
  fault(thrown: unknown): { id: number; attempt: number; error: JobError } {
    const owner = this.#owner.getStore();
    const { id, attempt } = owner?.job ?? { id: 0, attempt: 0 };
    return { id, attempt, error: toJobError(thrown, owner?.action) };
  }

  /** The job that is doing this, if it had ended: it must not be taken for the doing of one that runs. */
  get ended(): { id: number; attempt: number } | undefined {
    const job = this.#owner.getStore()?.job;
    if (job === undefined || this.#runs.some((one) => one.isOf(job)))
      return undefined;
    return { id: job.id, attempt: job.attempt };
  }

  async #runWaiting(): Promise<void> {
    this.#running = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      const running = this.#begin(this.#enter(next.job), next);
      if (running !== undefined) await running;
    }
    this.#running = false;
  }

  #begin(run: Run, sent: SentJob): Promise<void> | undefined {
    const { job, mark } = sent;
    if (mark !== 0 && this.#marks?.start(mark) === false) {
      this.#leave(run);
      this.#port.skipped(sent);
      return undefined;
    }
    const action = this.#actions.get(job.actionId) ?? lost(job);
    return action instanceof Promise || run.aborted
      ? this.#restoreThenRun(run, action)
      : this.#runWith(run, action);
  }

  async #restoreThenRun(
    run: Run,
    restoring: RestoredAction | Promise<RestoredAction>,
  ): Promise<void> {
    let action: RestoredAction;
    const timeStart = now();
    const start = monotonic();
    try {
      action = await run.unlessAborted(restoring);
    } catch (cause) {
      const { id, attempt } = run.job;
      const error = toJobError(cause);
      const took = monotonic() - start;
      this.#leave(run);
      this.#port.ended({ type: "end", id, attempt, timeStart, took, error });
      return;
    }
    await this.#runWith(run, action);
  }

  #runWith(run: Run, action: RestoredAction): Promise<void> | undefined {
    const { watched, resultLimit } = this.#settings;
    run.action = action;
    if (watched !== "") printStart(watched, run.job);
    const end = this.#owner.run(
      run,
      execute,
      run.job,
      action,
      new JobContext(run, action),
      resultLimit,
    );
    if (end instanceof Promise) {
      return end.then((late) => {
        this.#finish(run, late);
      });
    }
    this.#finish(run, end);
    return undefined;
  }

  #finish(run: Run, end: End): void {
    const { watched } = this.#settings;
    // The late answer of one that was given up on is refused.
    if (watched !== "" && !run.aborted) printEnd(watched, run.job, end);
    this.#leave(run);
    if (this.#settings.maxRss > 0) end.rss = process.memoryUsage.rss();
    this.#port.ended(end);
  }

  #enter(job: JobMessage): Run {
    const run = new Run(job);
    this.#runs.push(run);
    return run;
  }

  #leave(run: Run): void {
    const runs = this.#runs;
    runs[runs.indexOf(run)] = runs.at(-1)!;
    runs.pop();
  }

  #learn(action: CheckedAction): void {
    const restoring = restore(action);
    this.#actions.set(action.id, restoring);
    restoring.then(
      (restored) => this.#actions.set(action.id, restored),
      () => undefined, // its failure is told by each job that needs it
    );
  }
}

function lost({ id, actionId }: JobMessage): Promise<never> {
  const what = `the action of job ${String(id)}, ${String(actionId)}, is not in the store`;
  return Promise.reject(new ActionError(what));
}
