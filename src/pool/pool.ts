import PQueue from "p-queue";

import { clearTimeout, monotonic, setTimeout } from "../clock.js";
import type { Scale } from "../events.js";
import type { WorkerType } from "../models/worker.js";
import type { Bounds } from "../options.js";
import { Breaker } from "./breaker.js";
import { decide } from "./decide.js";
import { Inprocess } from "./inprocess.js";
import { bootsAtOnce } from "./programs.js";
import { Reaper } from "./reaper.js";
import { Subprocess, type SubprocessOptions } from "./subprocess.js";
import type { VesselPort } from "./vessel.js";
import { PoolWorker, type WorkerPort } from "./worker.js";

export interface PoolOptions extends SubprocessOptions {
  idleTimeout: number;
  workerTimeout: number;
  killGrace: number;
  maxJobsPerWorker: number;
}

export interface PoolPort extends WorkerPort {
  /** A number for a new worker, and its record. */
  register(
    type: WorkerType,
    nr: number | undefined,
    debug: boolean,
  ): Promise<{ id: number; nr: number }>;
  scaled(scale: Scale): void;
  failed(error: Error): void;
}

/** A guess for the first boot; measured from then on. */
const firstBootTime = 150;
/** A worker that would have been needed again so soon was retired too early. */
const mostPatience = 8;

/** The workers of this process: those it scales between bounds, and single ones started by hand. */
export class Pool {
  /** By `nr`. */
  readonly workers = new Map<number, PoolWorker>();
  readonly #options: PoolOptions;
  readonly #port: PoolPort;
  readonly #reaper: Reaper;
  readonly #boots = new PQueue({ concurrency: bootsAtOnce });
  readonly #breaker = new Breaker();
  #bounds: Bounds;
  #scaling = false;
  #registering = 0;
  #ready = 0;
  #bootTime = firstBootTime;
  #serviceTime: number | undefined;
  #grownAt = -Infinity;
  #retiredAt = -Infinity;
  #patience = 1;
  #tick: NodeJS.Timeout | undefined;

  constructor(options: PoolOptions, bounds: Bounds, port: PoolPort) {
    this.#options = options;
    this.#bounds = bounds;
    this.#port = port;
    this.#reaper = new Reaper((error) => {
      port.failed(error);
    });
  }

  get bounds(): Bounds {
    return this.#bounds;
  }

  set bounds(bounds: Bounds) {
    this.#bounds = bounds;
    this.reconcile();
  }

  /** Whether a worker could be added for more work. */
  get growable(): boolean {
    return (
      this.#scaling &&
      this.#scaled().length + this.#registering < this.#bounds.nrMax
    );
  }

  get scaling(): boolean {
    return this.#scaling;
  }

  /** Starts scaling; resolves when `nrMin` workers are ready, rejects if one cannot boot. */
  async start(): Promise<void> {
    this.#scaling = true;
    this.#breaker.reset();
    const missing =
      this.#bounds.nrMin - this.#scaled().length - this.#registering;
    const first = Array.from({ length: Math.max(0, missing) }, () =>
      this.#startOne(),
    );
    const failure = (await Promise.allSettled(first)).find(
      (one) => one.status === "rejected",
    );
    if (failure !== undefined) {
      await this.close(0, true);
      throw failure.reason;
    }
    this.reconcile();
  }

  /** Ends all workers: what they run may finish for `timeout` milliseconds; then it is killed. */
  async close(timeout: number, requeue: boolean): Promise<void> {
    this.#scaling = false;
    clearTimeout(this.#tick);
    this.#breaker.reset();
    const workers = [...this.workers.values()];
    for (const worker of workers) worker.halt();
    const limit = setTimeout(() => {
      for (const worker of workers) worker.kill(requeue);
    }, timeout);
    await Promise.all(workers.map(({ died }) => died));
    clearTimeout(limit);
    // A worker whose number was still being looked up when this began.
    if (this.workers.size > 0) await this.close(timeout, requeue);
  }

  async addInprocess(
    nr: number | undefined,
    debug: boolean,
  ): Promise<PoolWorker> {
    const { concurrency, resultLimit } = this.#options;
    const settings = { concurrency, resultLimit, maxRss: 0 };
    return this.#add(
      "inprocess",
      nr,
      debug,
      (port) => new Inprocess(settings, port),
    );
  }

  /** How many jobs could run now and have no worker. */
  load(ready: number): void {
    this.#ready = ready;
    this.reconcile();
  }

  /** A job took so many milliseconds. */
  served(took: number): void {
    this.#serviceTime =
      this.#serviceTime === undefined
        ? took
        : this.#serviceTime * 0.9 + took * 0.1;
  }

  /** Brings the number of workers to what the autoscaler decides; cheap when there is nothing to do. */
  reconcile(): void {
    if (!this.#scaling) return;
    const workers = this.#scaled();
    const idle = workers.filter(({ phase }) => phase === "idle");
    const idleFor = Math.max(0, ...idle.map((worker) => worker.idleFor));
    const busy = workers.filter(({ phase }) => phase === "busy").length;
    const starting = workers.length - idle.length - busy + this.#registering;
    const idleTimeout = this.#options.idleTimeout * this.#patience;
    const { start, retire } = decide({
      ...this.#bounds,
      busy,
      idle: idle.length,
      starting,
      ready: this.#ready,
      bootTime: this.#bootTime,
      serviceTime: this.#serviceTime,
      concurrency: this.#options.concurrency,
      sinceGrowth: monotonic() - this.#grownAt,
      idleFor,
      idleTimeout,
    });
    const present = busy + idle.length + starting;
    if (start > 0) this.#grow(start, present, busy);
    if (retire > 0) this.#shrink(retire, workers, busy);
    if (idle.length > 0 && present > this.#bounds.nrMin)
      this.#lookAgain(Math.max(idleTimeout - idleFor, 10));
    else if (this.#ready > 0 && starting > 0) this.#lookAgain(this.#bootTime);
  }

  #grow(start: number, present: number, busy: number): void {
    if (this.#breaker.open) return;
    // Needed again soon after one was retired: be slower to retire the next.
    if (
      present >= this.#bounds.nrMin &&
      monotonic() - this.#retiredAt < this.#options.idleTimeout
    ) {
      this.#patience = Math.min(this.#patience * 2, mostPatience);
    }
    this.#grownAt = monotonic();
    this.#port.scaled({
      from: present,
      to: present + start,
      ready: this.#ready,
      busy,
    });
    for (let nr = 0; nr < start; nr += 1) {
      this.#startOne().catch((cause: unknown) => {
        this.#port.failed(cause as Error);
      });
    }
  }

  /** Idle ones first, never one that would have to be killed. */
  #shrink(retire: number, workers: PoolWorker[], busy: number): void {
    const surplus = [...workers]
      .sort((a, b) => b.idleFor - a.idleFor)
      .slice(0, retire);
    this.#retiredAt = monotonic();
    this.#port.scaled({
      from: workers.length,
      to: workers.length - surplus.length,
      ready: this.#ready,
      busy,
    });
    for (const worker of surplus) worker.halt();
  }

  async #startOne(): Promise<void> {
    this.#registering += 1;
    let worker: PoolWorker;
    try {
      worker = await this.#add(
        "subprocess",
        undefined,
        false,
        (port) => new Subprocess(this.#options, this.#reaper, port),
      );
    } finally {
      this.#registering -= 1;
    }
    await this.#boots.add(() => this.#boot(worker));
  }

  async #boot(worker: PoolWorker): Promise<void> {
    if (worker.phase !== "starting") return;
    const begun = monotonic();
    try {
      await worker.start();
    } catch (cause) {
      // Killed on request while it was starting: no fault of its own.
      if (worker.error === null) return;
      this.#breaker.trip(() => {
        this.reconcile();
      });
      throw cause;
    }
    this.#breaker.reset();
    this.#bootTime = this.#bootTime * 0.5 + (monotonic() - begun) * 0.5;
  }

  async #add(
    type: WorkerType,
    nr: number | undefined,
    debug: boolean,
    vessel: (port: VesselPort) => Inprocess | Subprocess,
  ): Promise<PoolWorker> {
    const key = await this.#port.register(type, nr, debug);
    const { workerTimeout, killGrace, concurrency } = this.#options;
    const settings = {
      ...key,
      timeout: workerTimeout,
      killGrace,
      concurrency,
      debug,
    };
    const worker = new PoolWorker(settings, this.#port, vessel);
    this.workers.set(key.nr, worker);
    return worker;
  }

  /** Those that the bounds are about: a draining one is as good as gone. */
  #scaled(): PoolWorker[] {
    return [...this.workers.values()].filter(
      ({ type, phase }) =>
        type === "subprocess" && phase !== "draining" && phase !== "dead",
    );
  }

  #lookAgain(delay: number): void {
    clearTimeout(this.#tick);
    this.#tick = setTimeout(() => {
      this.reconcile();
    }, delay).unref();
  }
}
