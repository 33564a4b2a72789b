import { monotonic, now } from "../clock.js";
import type { CheckedAction } from "../models/action.js";
import type { ClaimedJob } from "../models/job.js";
import { after } from "../transport/marks.js";
import type { End } from "../transport/messages.js";
import { Assignment } from "./assignment.js";
import type { Manner } from "./dismissal.js";
import { Held } from "./held.js";
import { Limits } from "./limits.js";
import { losses } from "./loss.js";
import { type Outcome, timedOut, unsendable, type Verdict } from "./outcome.js";
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
  /** It need not be: the job for which it was has ended in time, or not begun. */
  spared(): void;
}

/** Characters that a process reads in a millisecond, even on a machine that is busy. */
const readAtLeast = 10_000;

/** The jobs a worker holds, their limits, and what becomes of them. In the order in which the vessel runs them. */
export class Holdings {
  readonly #vessel: Vessel;
  readonly #options: HoldingsOptions;
  readonly #port: HoldingsPort;
  readonly #held = new Held();
  readonly #knownActions = new Set<number>();
  readonly #limits = new Limits({
    held: () => this.#held,
    isReached: this.#isReached.bind(this),
    late: ({ job, limit }) => {
      this.stop(job.id, timedOut(limit));
    },
  });
  #mark = 0;
  /** SIGTERM has been sent to the group. */
  #terminated = false;

  constructor(vessel: Vessel, options: HoldingsOptions, port: HoldingsPort) {
    this.#vessel = vessel;
    this.#options = options;
    this.#port = port;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Characters of what all of them are given. */
  get bulk(): number {
    return this.#held.bulk;
  }

  /** The one held longest. */
  get head(): Assignment | undefined {
    return this.#held.first;
  }

  /** Whether its process has come to none of them, though it had the time to read what they are given. */
  get untouched(): boolean {
    const { first } = this.#held;
    if (first === undefined || this.#isReached(first)) return false;
    return monotonic() - this.#held.since > this.bulk / readAtLeast;
  }

  /** Milliseconds for which the first has been running; none if its end is on its way: what lay behind it runs. */
  get headFor(): number {
    const { first, second } = this.#held;
    if (first?.timed !== true) return 0;
    return second?.ahead === true && this.#hasStarted(second)
      ? 0
      : monotonic() - first.timedSince;
  }

  add(jobs: readonly ClaimedJob[], actions: readonly CheckedAction[]): void {
    const held = jobs.map((job) => this.#hold(job));
    const news = actions.filter(({ id }) => !this.#knownActions.has(id));
    try {
      this.#vessel.send({ type: "jobs", jobs: held, actions: news });
    } catch (cause) {
      // They lie together only where they are small: it is one that is larger than any message may be.
      for (const one of held)
        this.#fail(one, unsendable(one.size, cause as Error));
      return;
    }
    for (const { id } of news) this.#knownActions.add(id);
  }

  /** Takes back what has not started. */
  revoke(): void {
    for (const assignment of this.#held)
      if (this.#revoke(assignment)) this.#release(assignment, false);
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
      if (!assignment.endedInTime(end)) {
        assignment.termination?.next();
        return false;
      }
      this.#port.spared();
    }
    const { result, error, timeStart, took } = end;
    // One beside it is being stopped: what that did to its processes is none of its doing. It goes with them, and runs again.
    if (error !== undefined && this.#terminated) {
      assignment.refused = true;
      return false;
    }
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
    else {
      this.#port.spared();
      this.#fail(assignment, verdict);
    }
  }

  /** The vessel is gone, and with it all that it held. */
  lost(gone: Gone, manner: Manner | undefined): void {
    const { concurrency } = this.#options;
    const hasStarted = this.#hasStarted.bind(this);
    const facts = { gone, manner, concurrency, hasStarted };
    for (const loss of losses([...this.#held], facts)) {
      const { assignment, verdict, counts } = loss;
      if (verdict === undefined) this.#release(assignment, counts);
      else this.#fail(assignment, verdict);
    }
    // Not before: each that goes makes the next one the first, and that sets it again.
    this.#limits.clear();
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
    if (!behind) this.#limits.begin(assignment);
    return assignment;
  }

  /** Of several that run at a time, its process is taken to have come to it when it was sent, unless one beside it does not yield. */
  #isReached(assignment: Assignment): boolean {
    if (this.#hasStarted(assignment)) return true;
    if (this.#options.concurrency === 1) return false;
    return ![...this.#held].some((one) => this.#hasStarted(one));
  }

  #revoke({ mark, ahead }: Assignment): boolean {
    return ahead && this.#vessel.marks?.revoke(mark) === true;
  }

  #terminate(assignment: Assignment, verdict: Verdict): void {
    assignment.judge(verdict);
    const vessel = this.#vessel;
    const abort = (): void => {
      this.#abort(assignment.job, verdict.error.message);
    };
    const giveUp = (): void => {
      this.#fail(assignment, verdict);
    };
    const terminate = (): void => {
      this.#terminated = true;
      vessel.signal("SIGTERM");
    };
    const kill = (): void => {
      vessel.signal("SIGKILL");
    };
    const steps = vessel.killable ? [abort, terminate, kill] : [abort, giveUp];
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
    const { timeStart, timed, timedSince } = assignment;
    const timeStop = now();
    const end = { errorCat, error, timeStart, timeStop };
    const took = timed ? monotonic() - timedSince : undefined;
    this.#settle(assignment, { kind: "failed", ...end }, took);
  }

  #settle(assignment: Assignment, outcome: Outcome, took?: number): void {
    assignment.termination?.end();
    this.#held.remove(assignment);
    const next = this.head;
    if (next === undefined) this.#limits.rest();
    else if (!next.timed) this.#limits.begin(next);
    this.#port.settled(assignment.job, outcome, took);
  }
}
