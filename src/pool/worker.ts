import {
  clearTimeout,
  monotonic,
  now,
  setImmediate,
  setTimeout,
} from "../clock.js";
import type { ActionRecord } from "../models/action.js";
import type { ClaimedJob } from "../models/job.js";
import type { End } from "../transport/messages.js";
import { Assignment } from "./assignment.js";
import {
  crashed,
  killed,
  type Outcome,
  timedOut,
  type Verdict,
  withEnd,
} from "./outcome.js";
import { Termination } from "./termination.js";
import type { Gone, Vessel, VesselPort } from "./vessel.js";

/** starting -> idle <-> busy -> draining -> dead; from any of them to dead. */
export type Phase = "starting" | "idle" | "busy" | "draining" | "dead";

export interface WorkerSettings {
  id: number;
  nr: number;
  /** Milliseconds; the limit of a job that has none; 0 = none. */
  timeout: number;
  killGrace: number;
  concurrency: number;
  /** No limits. */
  debug: boolean;
}

export interface WorkerPort {
  settled(
    worker: PoolWorker,
    job: ClaimedJob,
    outcome: Outcome,
    took: number,
  ): void;
  /** Its phase has changed. */
  changed(worker: PoolWorker): void;
  /** Its process holds so many bytes. */
  grown(worker: PoolWorker, rss: number): void;
}

/** One worker of the pool: what it holds, how long that may take, and what becomes of it when its vessel goes. */
export class PoolWorker implements VesselPort {
  readonly settings: WorkerSettings;
  readonly #port: WorkerPort;
  readonly #vessel: Vessel;
  readonly #assigned = new Map<number, Assignment>();
  readonly #known = new Set<number>();
  #phase: Phase = "starting";
  #idleSince = monotonic();
  #mark = 0;
  #alarm: NodeJS.Timeout | undefined;
  #alarmAt = Infinity;
  /** How it was told to end: on request, or by force, and whether what it holds is to run again. */
  #ending: "halted" | "killed" | "requeued" | undefined;
  #error: string | null = null;
  #die: () => void = () => undefined;
  /** Epoch milliseconds. */
  readonly timeStart = now();
  lastUpdate = this.timeStart;
  /** Resolves when nothing is left of it. */
  readonly died = new Promise<void>((resolve) => {
    this.#die = resolve;
  });

  constructor(
    settings: WorkerSettings,
    port: WorkerPort,
    vessel: (port: VesselPort) => Vessel,
  ) {
    this.settings = settings;
    this.#port = port;
    this.#vessel = vessel(this);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get nr(): number {
    return this.settings.nr;
  }

  get pid(): number {
    return this.#vessel.pid;
  }

  get type(): Vessel["type"] {
    return this.#vessel.type;
  }

  /** Whether it can be given jobs. */
  get open(): boolean {
    return this.#phase === "idle" || this.#phase === "busy";
  }

  get holds(): number {
    return this.#assigned.size;
  }

  /** Whether more may be sent to it than it runs at once. */
  get ahead(): boolean {
    return this.#vessel.marks !== undefined && this.settings.concurrency === 1;
  }

  /** Milliseconds since it had nothing to do; 0 while it has. */
  get idleFor(): number {
    return this.#phase === "idle" ? monotonic() - this.#idleSince : 0;
  }

  /** Milliseconds that the job it has held longest has been running. */
  get slowFor(): number {
    const [head] = this.#assigned.values();
    return head?.started === true ? monotonic() - head.startedAt : 0;
  }

  /** Why it died, when nobody had asked it to. */
  get error(): string | null {
    return this.#error;
  }

  job(id: number): ClaimedJob | undefined {
    return this.#assigned.get(id)?.job;
  }

  /** The job it runs; of several, the one it has run longest. */
  get current(): ClaimedJob | undefined {
    return this.#assigned.values().next().value?.job;
  }

  async start(): Promise<void> {
    try {
      await this.#vessel.start();
    } catch (cause) {
      if (this.#ending === undefined)
        this.#error = cause instanceof Error ? cause.message : String(cause);
      throw cause;
    }
    if (this.#phase === "starting") this.#enter("idle");
  }

  assign(jobs: readonly ClaimedJob[], actions: readonly ActionRecord[]): void {
    const assignments = jobs.map((job) => {
      const behind = this.#assigned.size >= this.settings.concurrency;
      const limit = this.settings.debug
        ? 0
        : job.timeout || this.settings.timeout;
      const assignment = new Assignment(
        job,
        behind ? (this.#mark += 1) : 0,
        limit,
      );
      if (!behind) this.#begin(assignment);
      this.#assigned.set(job.id, assignment);
      return assignment;
    });
    const news = actions.filter(({ id }) => !this.#known.has(id));
    for (const { id } of news) this.#known.add(id);
    this.#vessel.send({
      type: "jobs",
      jobs: assignments.map(({ message }) => message),
      actions: news,
    });
    this.#enter("busy");
  }

  /** Takes back what it has been given and has not started. */
  revoke(): void {
    for (const assignment of this.#assigned.values()) {
      if (this.#revoke(assignment))
        this.#settle(assignment, { kind: "released", started: false });
    }
  }

  /** Stops one job; false if it does not hold it. Its end comes when what runs it is gone. */
  stop(id: number, verdict: Verdict): boolean {
    const assignment = this.#assigned.get(id);
    if (assignment === undefined) return false;
    if (assignment.verdict !== undefined) return true;
    if (this.#revoke(assignment)) this.#fail(assignment, verdict);
    else this.#terminate(assignment, verdict);
    return true;
  }

  /** Finishes what it runs, then ends. */
  halt(): void {
    this.#ending ??= "halted";
    if (this.#phase === "dead") return;
    this.revoke();
    // What has not come up has nothing to finish.
    if (this.#phase === "starting") this.#vessel.signal("SIGKILL");
    this.#enter("draining");
    if (this.#assigned.size === 0) this.#leave();
  }

  /** Ends it at once. What it ran ends HALTED, or with `requeue` runs again. */
  kill(requeue = false): void {
    if (this.#phase === "dead") return;
    this.#ending = requeue ? "requeued" : "killed";
    this.#enter("draining");
    if (!this.#vessel.killable) {
      for (const { job } of this.#assigned.values())
        this.#abort(job, "the worker was killed");
    }
    this.#vessel.signal("SIGKILL");
  }

  ended(end: End): void {
    const assignment = this.#assigned.get(end.id);
    // A late answer of an attempt that was given up on is refused.
    if (assignment?.job.attempt !== end.attempt) return;
    if (assignment.verdict !== undefined) {
      assignment.termination?.next();
      return;
    }
    const { result, error, timeStart, timeStop } = end;
    if (error !== undefined) {
      this.#settle(
        assignment,
        { kind: "failed", errorCat: "ERROR", error, timeStart, timeStop },
        end.took,
      );
    } else {
      this.#settle(
        assignment,
        { kind: "ok", end: { ...end, result: result ?? "null" } },
        end.took,
      );
    }
    if (end.rss !== undefined) this.#port.grown(this, end.rss);
  }

  skipped(id: number, attempt: number): void {
    const assignment = this.#assigned.get(id);
    if (assignment?.job.attempt === attempt)
      this.#settle(assignment, { kind: "released", started: false });
  }

  gone(gone: Gone): void {
    this.#phase = "dead";
    if (this.#ending === undefined) {
      this.#error ??=
        crashed(gone).error.message +
        (gone.output === "" ? "" : `\n${gone.output}`);
    }
    // Whether somebody in there is known to have caused it, so that the others do not pay.
    const guilty =
      gone.fault !== undefined && gone.fault.id !== 0
        ? gone.fault.id
        : [...this.#assigned.values()].find(
            ({ verdict }) => verdict !== undefined,
          )?.job.id;
    for (const assignment of this.#assigned.values())
      this.#settleGone(assignment, gone, guilty);
    clearTimeout(this.#alarm);
    this.lastUpdate = now();
    this.#port.changed(this);
    this.#die();
  }

  #settleGone(
    assignment: Assignment,
    gone: Gone,
    guilty: number | undefined,
  ): void {
    const { verdict, job, mark } = assignment;
    const started = mark === 0 || this.#vessel.marks?.hasStarted(mark) === true;
    if (verdict !== undefined) this.#fail(assignment, withEnd(verdict, gone));
    else if (!started)
      this.#settle(assignment, { kind: "released", started: false });
    else if (this.#ending === "killed")
      this.#fail(assignment, withEnd(killed(), gone));
    else if (
      this.#ending === "requeued" ||
      (guilty !== undefined && guilty !== job.id)
    ) {
      this.#settle(assignment, { kind: "released", started: true });
    } else this.#fail(assignment, withEnd(crashed(gone), gone));
  }

  #begin(assignment: Assignment): void {
    assignment.start();
    this.#watch(assignment.deadline);
  }

  #revoke({ mark }: Assignment): boolean {
    return mark !== 0 && this.#vessel.marks?.revoke(mark) === true;
  }

  #terminate(assignment: Assignment, verdict: Verdict): void {
    const { job } = assignment;
    assignment.verdict = verdict;
    const abort = (): void => {
      this.#abort(job, verdict.error.message);
    };
    const giveUp = (): void => {
      this.#fail(assignment, verdict);
    };
    const steps = this.#vessel.killable
      ? [
          abort,
          () => this.#vessel.signal("SIGTERM"),
          () => this.#vessel.signal("SIGKILL"),
        ]
      : [abort, giveUp];
    if (this.#vessel.killable) {
      this.revoke();
      this.#enter("draining");
    }
    assignment.termination = new Termination(steps, this.settings.killGrace);
  }

  #abort({ id, attempt }: ClaimedJob, reason: string): void {
    this.#vessel.send({ type: "abort", id, attempt, reason });
  }

  #fail(assignment: Assignment, { errorCat, error }: Verdict): void {
    const { timeStart } = assignment;
    this.#settle(assignment, {
      kind: "failed",
      errorCat,
      error,
      timeStart,
      timeStop: now(),
    });
  }

  #settle(assignment: Assignment, outcome: Outcome, took = 0): void {
    assignment.termination?.end();
    this.#assigned.delete(assignment.job.id);
    if (this.#phase !== "dead") this.#goOn();
    this.#port.settled(this, assignment.job, outcome, took);
  }

  #goOn(): void {
    const [next] = this.#assigned.values();
    if (next === undefined) {
      clearTimeout(this.#alarm);
      this.#alarmAt = Infinity;
      if (this.#phase === "draining") this.#leave();
      else this.#enter("idle");
    } else if (!next.started) this.#begin(next);
  }

  #leave(): void {
    this.#vessel.leave();
  }

  #enter(phase: Phase): void {
    if (this.#phase === phase || this.#phase === "dead") return;
    this.#phase = phase;
    this.lastUpdate = now();
    if (phase === "idle") this.#idleSince = monotonic();
    this.#port.changed(this);
  }

  /** One timer a worker, for the earliest of its deadlines. */
  #watch(deadline: number): void {
    if (deadline >= this.#alarmAt) return;
    clearTimeout(this.#alarm);
    this.#alarmAt = deadline;
    this.#alarm = setTimeout(
      () => {
        // What has just been written by a child that was in time is read first.
        setImmediate(() => {
          this.#ring();
        });
      },
      Math.max(0, deadline - monotonic()),
    );
  }

  #ring(): void {
    this.#alarmAt = Infinity;
    const late = monotonic();
    for (const assignment of [...this.#assigned.values()]) {
      if (assignment.verdict !== undefined || !assignment.started) continue;
      if (assignment.deadline <= late)
        this.stop(assignment.job.id, timedOut(assignment.limit));
      else this.#watch(assignment.deadline);
    }
  }
}
