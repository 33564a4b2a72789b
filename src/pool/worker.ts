import type { CheckedAction } from "../models/action.js";
import type { ClaimedJob } from "../models/job.js";
import type { WorkerType } from "../models/worker.js";
import type { End } from "../transport/messages.js";
import { Holdings, type HoldingsOptions } from "./holdings.js";
import { Life, type Phase } from "./life.js";
import { crashed, type Outcome, type Verdict } from "./outcome.js";
import type { Gone, Vessel, VesselPort } from "./vessel.js";

export interface WorkerSettings extends HoldingsOptions {
  id: number;
  nr: number;
  type: WorkerType;
  /** Whether it is one of those that the bounds are about. */
  scaled: boolean;
  /** Whether lines about its jobs are printed. */
  watched: boolean;
}

export interface WorkerPort {
  settled(
    worker: PoolWorker,
    job: ClaimedJob,
    outcome: Outcome,
    /** Milliseconds that it ran; undefined if it did not. */
    took: number | undefined,
  ): void;
  /** Its phase has changed. */
  changed(worker: PoolWorker): void;
  /** Its process holds so many bytes. */
  grown(worker: PoolWorker, rss: number): void;
}

/** One worker of the pool: its life, from its start to the end of its vessel. */
export class PoolWorker extends Life implements VesselPort {
  readonly settings: WorkerSettings;
  readonly vessel: Vessel;
  /** Resolves when nothing is left of it. */
  readonly died: Promise<void>;
  readonly #port: WorkerPort;
  readonly #holdings: Holdings;
  #die: () => void = () => undefined;
  #expecting = false;
  /** How its vessel ended; the worker itself ends only when nothing is expected any more. */
  #gone: Gone | undefined;

  constructor(
    settings: WorkerSettings,
    port: WorkerPort,
    vessel: (port: VesselPort) => Vessel,
  ) {
    super();
    this.settings = settings;
    this.#port = port;
    this.vessel = vessel(this);
    this.#holdings = new Holdings(this.vessel, settings, {
      settled: this.#settled.bind(this),
      terminating: () => {
        this.#enter("draining");
      },
      spared: () => {
        this.relieve();
      },
    });
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  get nr(): number {
    return this.settings.nr;
  }

  get pid(): number {
    return this.vessel.pid;
  }

  get type(): WorkerType {
    return this.settings.type;
  }

  /** Whether what it expects is still its own: to finish if it was halted meanwhile, to end with it if it was killed. */
  get receptive(): boolean {
    if (this.open) return true;
    if (this.phase !== "draining") return false;
    const { manner } = this.dismissal;
    return manner === "halted" ? this.#gone === undefined : manner === "killed";
  }

  /** Whether more may be sent to it than it runs at once. */
  get ahead(): boolean {
    return this.vessel.marks !== undefined && this.settings.concurrency === 1;
  }

  get holds(): number {
    return this.#holdings.size;
  }

  /** Characters of what its jobs are given. */
  get bulk(): number {
    return this.#holdings.bulk;
  }

  /** The job it runs; of several, the one it has run longest. */
  get current(): ClaimedJob | undefined {
    return this.#holdings.head?.job;
  }

  /** Whether nothing runs in its process, as far as can be told. */
  get rests(): boolean {
    const works = this.phase === "busy" || this.phase === "draining";
    return works ? this.#holdings.untouched : this.phase === "idle";
  }

  /** Milliseconds for which the job it has held longest has been running. */
  get slowFor(): number {
    return this.#holdings.headFor;
  }

  async start(): Promise<void> {
    try {
      await this.vessel.start();
    } catch (cause) {
      if (this.dismissal.manner === undefined)
        this.blame(cause instanceof Error ? cause.message : String(cause));
      throw cause;
    }
    if (this.phase === "starting") this.#enter("idle");
  }

  /** It has nothing, and a job is being claimed for it, which others take for its own as soon as that is committed: it does not end before. */
  expect(): void {
    this.#expecting = true;
  }

  /** That job has been assigned, or will not be. */
  expectNothing(): void {
    if (!this.#expecting) return;
    this.#expecting = false;
    if (this.#gone !== undefined) this.#end(this.#gone);
    else this.#leaveWhenDone();
  }

  assign(jobs: readonly ClaimedJob[], actions: readonly CheckedAction[]): void {
    this.#holdings.add(jobs, actions);
    if (this.open && this.holds > 0) this.#enter("busy");
  }

  /** Takes back what it has been given and has not started. */
  revoke(): void {
    this.#holdings.revoke();
  }

  /** Stops one job; false if it does not hold it. Its end comes when what runs it is gone. */
  stop(id: number, verdict: Verdict): boolean {
    return this.#holdings.stop(id, verdict);
  }

  /** Finishes what it runs, then ends. */
  halt(): void {
    this.dismissal.halt();
    this.#finish();
  }

  /** The same, to make room for a fresh one. */
  relieve(): void {
    this.dismissal.relieve();
    this.#finish();
  }

  /** It is no use: its process does nothing any more, or could not come up. */
  giveUp(why: string): void {
    if (this.phase === "dead") return;
    this.blame(why);
    this.#enter("draining");
    this.vessel.signal("SIGKILL");
  }

  /** Ends it at once. What it ran ends HALTED, or with `requeue` runs again. */
  kill(requeue = false): void {
    if (this.phase === "dead") return;
    this.dismissal.kill(requeue);
    this.#finishOff();
  }

  /** The same, to make room for a fresh one; what it ran runs again. */
  replace(): void {
    if (this.phase === "dead") return;
    this.dismissal.replace();
    this.#finishOff();
  }

  ended(end: End): void {
    const accepted = this.#holdings.ended(end);
    if (accepted && end.rss !== undefined) this.#port.grown(this, end.rss);
  }

  skipped(id: number, mark: number): void {
    this.#holdings.skipped(id, mark);
  }

  gone(gone: Gone): void {
    this.#gone = gone;
    if (this.dismissal.manner === undefined) {
      const output = gone.output === "" ? "" : `\n${gone.output}`;
      this.blame(crashed(gone).error.message + output);
    }
    if (this.#expecting) this.#enter("draining");
    else this.#end(gone);
  }

  #end(gone: Gone): void {
    this.enter("dead");
    this.#holdings.lost(gone, this.dismissal.manner);
    this.vessel.close();
    this.#port.changed(this);
    this.#die();
  }

  #finish(): void {
    if (this.phase === "dead") return;
    this.revoke();
    // What has not come up has nothing to finish.
    if (this.phase === "starting") this.vessel.signal("SIGKILL");
    this.#enter("draining");
    this.#leaveWhenDone();
  }

  #finishOff(): void {
    this.#enter("draining");
    if (!this.vessel.killable) this.#holdings.abortAll("its worker was killed");
    this.vessel.signal("SIGKILL");
  }

  #leaveWhenDone(): void {
    if (this.phase === "draining" && this.holds === 0 && !this.#expecting)
      this.vessel.leave();
  }

  #settled(job: ClaimedJob, outcome: Outcome, took: number | undefined): void {
    if (this.holds === 0 && this.open) this.#enter("idle");
    this.#leaveWhenDone();
    this.#port.settled(this, job, outcome, took);
  }

  #enter(phase: Phase): void {
    if (this.enter(phase)) this.#port.changed(this);
  }
}
