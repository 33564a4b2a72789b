import type { JobRow, Move, Trace } from "./record.js";
import { Runs } from "./runs.js";
import { type Kind, largeResult } from "./task.js";

/** A job that somebody has tried to schedule. */
export interface Asked {
  kind: Kind;
  /** Names it. */
  value: number;
  /** Milliseconds. */
  limit: number;
  dependencies: readonly number[];
  /** All that one call asked for. */
  batch: readonly number[];
}

export interface World {
  jobs: readonly JobRow[];
  moves: readonly Move[];
  traces: readonly Trace[];
}

const good: readonly Kind[] = ["ok", "nap", "large", "parent", "bomb"];
const suicidal: readonly Kind[] = ["exit", "crash"];
const mostInterruptions = 4;

/**
 * The contract, as far as it can be told from outside: what was asked for and what was broken, by whom,
 * and whether what the store shows can follow from that.
 */
export class Model {
  /** By value. */
  readonly asked = new Map<number, Asked>();
  /** The ids of jobs whose `schedule` has resolved. */
  readonly accepted = new Set<number>();
  /** Jobs that somebody asked to cancel, and what he was told. */
  readonly cancels = new Map<number, boolean | undefined>();
  /** Hosts whose jobs may run again: killed, or stopped without grace. */
  readonly lostHosts = new Set<number>();
  /** Children that were killed as if by accident, and by `worker.kill()`. */
  readonly lostPids = new Set<number>();
  readonly killedPids = new Set<number>();
  /** Children that were stopped: found frozen before they had come to what they were given, they are ended. */
  readonly stoppedPids = new Set<number>();
  /** Children in which a job began that ends its process. */
  #suicides: ReadonlySet<number> = new Set();
  #violations: string[] = [];

  /** What cannot be, in words. */
  check(world: World): string[] {
    this.#violations = [];
    const byId = new Map(world.jobs.map((job) => [job.id, job]));
    for (const id of this.accepted)
      this.#claim(byId.has(id), `job ${String(id)} was accepted, and is lost`);
    this.#checkBatches(world.jobs);
    const runs = new Runs(world.traces, world.moves);
    const suicides = runs.starts.filter(({ job }) => {
      const asked = this.asked.get(byId.get(job)?.value ?? 0);
      return asked !== undefined && suicidal.includes(asked.kind);
    });
    this.#suicides = new Set(suicides.map(({ pid }) => pid));
    for (const job of world.jobs) this.#checkJob(job, byId, runs);
    this.#checkMoves(world, runs);
    this.#checkRuns(runs, byId);
    return this.#violations;
  }

  #claim(holds: boolean, otherwise: string): void {
    if (!holds) this.#violations.push(otherwise);
  }

  /** All of one call, or none. */
  #checkBatches(jobs: readonly JobRow[]): void {
    const there = new Set(jobs.map(({ value }) => value));
    for (const { batch } of this.asked.values()) {
      const stored = batch.filter((value) => there.has(value)).length;
      const whole = stored === 0 || stored === batch.length;
      this.#claim(whole, `of ${String(batch)} only a part was stored`);
    }
  }

  #checkJob(job: JobRow, byId: ReadonlyMap<number, JobRow>, runs: Runs): void {
    const say = (words: string): string =>
      `${words}: ${JSON.stringify({ ...job, result: job.result?.slice(0, 30) })}`;
    const asked = this.asked.get(job.value);
    if (asked === undefined) {
      this.#claim(false, say("nobody scheduled it"));
      return;
    }
    const { state, errorCat, error, result, attempt, timeStop } = job;
    const ended = state !== "NEW" && state !== "RUNNING";
    const well = state === "OK" || state === "DONE";
    this.#claim(well === (result !== null), say("state and result"));
    this.#claim((state === "ERROR") === (error !== null), say("its error"));
    this.#claim((state === "ERROR") === (errorCat !== "NA"), say("errorCat"));
    this.#claim(ended === timeStop > 0, say("state and time"));
    this.#claim(
      state === "RUNNING" ? attempt > 0 && job.host !== null : true,
      say("runs nowhere"),
    );
    this.#claim(
      job.interruptions <= Math.min(this.lostHosts.size, mostInterruptions),
      say("more interruptions than hosts that died"),
    );
    if (this.cancels.get(job.id) === true)
      this.#claim(errorCat === "HALTED", say("its cancel was promised"));
    const before = asked.dependencies.map((id) => byId.get(id)!);
    const released = before.every(
      ({ state }) => state === "OK" || state === "DONE",
    );
    if (attempt > 0 || well)
      this.#claim(released, say("ran before what it depends on"));
    if (before.some(({ state }) => state === "ERROR"))
      this.#claim(state === "ERROR", say("outlived what it depends on"));
    if (ended)
      this.#claim(
        this.#mayEnd(job, asked, before, runs),
        say(`no reason to end so (${asked.kind})`),
      );
  }

  #mayEnd(
    { id, attempt, errorCat, error, result, ...job }: JobRow,
    { kind, value, limit }: Asked,
    before: readonly JobRow[],
    runs: Runs,
  ): boolean {
    const start = runs.start(id, attempt);
    const pid = runs.pid(id, attempt);
    const within = (pids: ReadonlySet<number>): boolean =>
      pid !== undefined && pids.has(pid);
    switch (errorCat) {
      case "NA":
        return (
          good.includes(kind) &&
          runs.hasEnded(id, attempt) &&
          result === expected(kind, value, before)
        );
      case "ERROR":
        return kind === "throw" && error?.message === "no";
      case "TIMEOUT":
        return (
          job.timeStop - job.timeStart >= limit - 2 &&
          (start !== undefined ||
            !this.#isHeldUp(pid, runs, job.timeStart + limit - 2))
        );
      case "CRASH":
        if (error?.name === "InterruptedError")
          return job.interruptions === mostInterruptions;
        return (
          suicidal.includes(kind) ||
          within(this.lostPids) ||
          // It had begun beside one that then ended their process: whose doing it was cannot be told.
          (start !== undefined &&
            start.concurrency > 1 &&
            within(this.#suicides))
        );
      case "HALTED": {
        const cause = error?.dependencyFailure;
        if (cause !== undefined)
          return before.some(
            (one) => one.id === cause && one.state === "ERROR",
          );
        return error?.name === "CancelledError"
          ? this.cancels.has(id)
          : within(this.killedPids);
      }
    }
  }

  /** Whether one that has not begun waits in its child for others, which had begun by then: their time is not its own. */
  #isHeldUp(pid: number | undefined, runs: Runs, then: number): boolean {
    return runs
      .within(pid)
      .some(
        ({ job, attempt, time }) => time < then && !runs.hasEnded(job, attempt),
      );
  }

  /** Every single change that any process has made. */
  #checkMoves({ moves, traces, jobs }: World, runs: Runs): void {
    const brought = this.#broughtDown(jobs, traces, moves);
    for (const move of moves) {
      const { was, became, attempt, attemptWas, hostWas, job, pidWas } = move;
      const same = attempt === attemptWas;
      const run = runs.start(job, attemptWas);
      if (was === "RUNNING" && same && run !== undefined)
        this.#claim(
          pidWas === run.pid,
          `ended elsewhere than it ran: ${JSON.stringify({ move, run })}`,
        );
      const legal: Record<string, boolean> = {
        "NEW RUNNING": attempt === attemptWas + 1,
        "NEW ERROR": same,
        "RUNNING OK": same,
        "RUNNING ERROR": same,
        "OK DONE": same,
        // Run again: either it had not begun, and this start does not count; or what ran it is gone.
        "RUNNING NEW":
          attempt === attemptWas - 1 ||
          (same &&
            (this.lostHosts.has(hostWas!) ||
              // Sent to a child that was just dying, it left no trace.
              brought.has(pidWas!))),
      };
      this.#claim(
        legal[`${was} ${became}`] === true,
        `a move that may not be: ${JSON.stringify(move)}`,
      );
    }
  }

  /** Children that something has ended: with them go the answers that they had not sent yet. */
  #broughtDown(
    jobs: readonly JobRow[],
    traces: readonly Trace[],
    moves: readonly Move[],
  ): ReadonlySet<number> {
    const by = jobs.filter(
      ({ value, errorCat }) =>
        this.asked.get(value)?.kind === "bomb" ||
        ["CRASH", "TIMEOUT", "HALTED"].includes(errorCat),
    );
    const ids = new Set(by.map(({ id }) => id));
    const ran = traces.filter(({ job }) => ids.has(job)).map(({ pid }) => pid);
    const held = moves.filter(({ job }) => ids.has(job));
    const pids = [...ran, ...held.map(({ pidWas }) => pidWas ?? 0)];
    return new Set([
      ...pids,
      ...this.lostPids,
      ...this.killedPids,
      ...this.stoppedPids,
    ]);
  }

  /** Nothing runs twice under one attempt, and no child more at a time than it may. */
  #checkRuns(runs: Runs, byId: ReadonlyMap<number, JobRow>): void {
    for (const trace of runs.crowded)
      this.#claim(false, `one too many in its child: ${JSON.stringify(trace)}`);
    const begun = new Set<string>();
    for (const trace of runs.starts) {
      const key = `${String(trace.job)}/${String(trace.attempt)}`;
      this.#claim(!begun.has(key), `ran twice: ${JSON.stringify(trace)}`);
      begun.add(key);
      const attempt = byId.get(trace.job)?.attempt ?? 0;
      this.#claim(
        attempt >= trace.attempt,
        `its attempt is forgotten: ${JSON.stringify(trace)}`,
      );
    }
  }
}

function expected(
  kind: Kind,
  value: number,
  before: readonly JobRow[],
): string {
  if (kind === "large") return JSON.stringify("x".repeat(largeResult));
  const sums = before
    .map(({ result }) => JSON.parse(result ?? "null") as unknown)
    .filter((one) => typeof one === "number");
  return String(sums.reduce((sum, one) => sum + one, value));
}
