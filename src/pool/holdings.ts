import { monotonic, now } from "../clock.js";
import type { CheckedAction } from "../models/action.js";
import type { ClaimedJob } from "../models/job.js";
import { after } from "../transport/marks.js";
import type { End } from "../transport/messages.js";
import { Alarm } from "./alarm.js";
import { Assignment } from "./assignment.js";
import { Held } from "./held.js";
import {
  crashed,
  killed,
  type Outcome,
  timedOut,
  type Verdict,
  withEnd,
} from "./outcome.js";
import { Termination } from "./termination.js";
import type { Gone, Vessel } from "./vessel.js";

export interface HoldingsOptions {
  /** Milliseconds; the limit of a job that has none; 0 = none. */
  timeout: number;
  killGrace: number;
  concurrency: number;
  /** No limits. */
  debug: boolean;
}

export interface HoldingsPort {
  settled(job: ClaimedJob, outcome: Outcome, took: number | undefined): void;
  /** The vessel is being brought down. */
  terminating(): void;
}

/** How a worker was told to end: on request, or by force, and then whether what it ran is to run again. */
export type Ending = "halted" | "killed" | "requeued" | undefined;

/** A job that is sent to a process which is just dying did not kill it; one to which that happens so often may well have. */
const suspicious = 4;

/** The jobs a worker holds, their limits, and what becomes of them. In the order in which the vessel runs them. */
export class Holdings {
  readonly #vessel: Vessel;
  readonly #options: HoldingsOptions;
  readonly #port: HoldingsPort;
  readonly #held = new Held();
  readonly #knownActions = new Set<number>();
  readonly #alarm = new Alarm(() => {
    this.#stopLate();
  });
  #mark = 0;

  constructor(vessel: Vessel, options: HoldingsOptions, port: HoldingsPort) {
    this.#vessel = vessel;
    this.#options = options;
    this.#port = port;
  }

  get size(): number {
    return this.#held.size;
  }

  /** The one held longest. */
  get head(): Assignment | undefined {
    return this.#held.first;
  }

  /** Milliseconds for which the first has been running; none if its end is on its way: what lay behind it runs. */
  get headFor(): number {
    const { first, second } = this.#held;
    if (first?.started !== true) return 0;
    return second?.ahead === true && this.#hasStarted(second)
      ? 0
      : monotonic() - first.startedAt;
  }

  add(jobs: readonly ClaimedJob[], actions: readonly CheckedAction[]): void {
    const held = jobs.map((job) => this.#hold(job));
    const news = actions.filter(({ id }) => !this.#knownActions.has(id));
    for (const { id } of news) this.#knownActions.add(id);
    this.#vessel.send({ type: "jobs", jobs: held, actions: news });
  }

  /** Takes back what has not started. */
  revoke(): void {
    for (const assignment of this.#held) {
      if (this.#revoke(assignment)) this.#release(assignment, false);
    }
  }

  /** Stops one job; false if it is not held. Its end comes when what runs it is gone. */
  stop(id: number, verdict: Verdict): boolean {
    const assignment = this.#held.get(id);
    if (assignment === undefined) return false;
    if (assignment.verdict !== undefined) return true;
    if (this.#revoke(assignment)) this.#fail(assignment, verdict);
    else this.#terminate(assignment, verdict);
    return true;
  }

  abortAll(reason: string): void {
    for (const { job } of this.#held) this.#abort(job, reason);
  }

  /** True if the end was accepted: a late answer of an attempt that was given up on is refused. */
  ended(end: End): boolean {
    const assignment = this.#held.get(end.id);
    if (assignment?.job.attempt !== end.attempt) return false;
    if (assignment.verdict !== undefined) {
      assignment.termination?.next();
      return false;
    }
    const { result, error, timeStart, took } = end;
    const timeStop = timeStart + Math.floor(took);
    const outcome: Outcome =
      error === undefined
        ? { kind: "ok", result: result ?? "null", timeStart, timeStop }
        : { kind: "failed", errorCat: "ERROR", error, timeStart, timeStop };
    this.#settle(assignment, outcome, took);
    return true;
  }

  /** The child yielded. By its mark, since the same job may have been given to it again meanwhile. */
  skipped(id: number, mark: number): void {
    const assignment = this.#held.get(id);
    if (assignment?.mark !== mark) return;
    const { verdict } = assignment;
    if (verdict === undefined) this.#release(assignment, false);
    else this.#fail(assignment, verdict);
  }

  /** The vessel is gone, and with it all that it held. */
  lost(gone: Gone, ending: Ending): void {
    const held = [...this.#held];
    const guilty = this.#guilty(held, gone);
    for (const assignment of held) {
      const { verdict, job } = assignment;
      const started = this.#hasStarted(assignment);
      const innocent = guilty !== undefined && guilty !== job.id;
      if (verdict !== undefined) this.#fail(assignment, withEnd(verdict, gone));
      else if (!started && assignment.ahead) this.#release(assignment, false);
      else if (ending === "killed")
        this.#fail(assignment, withEnd(killed(), gone));
      else if (ending === "requeued" || innocent)
        this.#release(assignment, true);
      else if (!started && job.attempt < suspicious)
        this.#release(assignment, true);
      else this.#fail(assignment, withEnd(crashed(gone), gone));
    }
    // Not before: each that goes makes the next one the first, and that sets it again.
    this.#alarm.clear();
  }

  /** Who is known to have caused it, so that the others do not pay. */
  #guilty(held: readonly Assignment[], { fault }: Gone): number | undefined {
    if (fault !== undefined && fault.id !== 0) return fault.id;
    const stopped = held.find(({ verdict }) => verdict !== undefined);
    if (stopped !== undefined || this.#options.concurrency > 1) {
      return stopped?.job.id;
    }
    // One at a time, and each end is told before the next one starts: the first had not ended.
    return held[0]?.job.id;
  }

  #hasStarted({ mark }: Assignment): boolean {
    return mark === 0 || this.#vessel.marks?.hasStarted(mark) === true;
  }

  #hold(job: ClaimedJob): Assignment {
    const { concurrency, debug, timeout } = this.#options;
    const behind = this.#held.size >= concurrency;
    if (this.#vessel.marks !== undefined) this.#mark = after(this.#mark);
    const limit = debug ? 0 : job.timeout || timeout;
    const assignment = new Assignment(job, this.#mark, behind, limit);
    this.#held.add(assignment);
    if (!behind) this.#begin(assignment);
    return assignment;
  }

  #begin(assignment: Assignment): void {
    assignment.start();
    this.#alarm.set(assignment.deadline);
  }

  #stopLate(): void {
    const late = monotonic();
    for (const assignment of [...this.#held]) {
      const { verdict, started, deadline, limit, job } = assignment;
      if (verdict !== undefined || !started) continue;
      if (deadline > late) this.#alarm.set(deadline);
      else if (this.#isHeldUp(assignment)) this.#begin(assignment);
      else this.stop(job.id, timedOut(limit));
    }
  }

  /** It cannot begin, since one beside which it shall run does not yield: that is not its own time. */
  #isHeldUp(assignment: Assignment): boolean {
    if (this.#hasStarted(assignment)) return false;
    return [...this.#held].some((one) => this.#hasStarted(one));
  }

  #revoke({ mark, ahead }: Assignment): boolean {
    return ahead && this.#vessel.marks?.revoke(mark) === true;
  }

  #terminate(assignment: Assignment, verdict: Verdict): void {
    assignment.verdict = verdict;
    const vessel = this.#vessel;
    const abort = (): void => {
      this.#abort(assignment.job, verdict.error.message);
    };
    const giveUp = (): void => {
      this.#fail(assignment, verdict);
    };
    const steps = vessel.killable
      ? [abort, () => vessel.signal("SIGTERM"), () => vessel.signal("SIGKILL")]
      : [abort, giveUp];
    if (vessel.killable) {
      this.revoke();
      this.#port.terminating();
    }
    const { killGrace } = this.#options;
    assignment.termination = new Termination(steps, killGrace);
  }

  #abort({ id, attempt }: ClaimedJob, reason: string): void {
    this.#vessel.send({ type: "abort", id, attempt, reason });
  }

  #release(assignment: Assignment, started: boolean): void {
    this.#settle(assignment, { kind: "released", started });
  }

  #fail(assignment: Assignment, { errorCat, error }: Verdict): void {
    const { timeStart, started, startedAt } = assignment;
    const timeStop = now();
    const end = { errorCat, error, timeStart, timeStop };
    const took = started ? monotonic() - startedAt : undefined;
    this.#settle(assignment, { kind: "failed", ...end }, took);
  }

  #settle(assignment: Assignment, outcome: Outcome, took?: number): void {
    assignment.termination?.end();
    this.#held.remove(assignment);
    const next = this.head;
    if (next === undefined) this.#alarm.rest();
    else if (!next.started) this.#begin(next);
    this.#port.settled(assignment.job, outcome, took);
  }
}
