import PQueue from "p-queue";

import type { Bounds } from "../bounds.js";
import { clearTimeout, monotonic, setTimeout } from "../clock.js";
import type { Scale } from "../events.js";
import type { WorkerType } from "../models/worker.js";
import { Autoscaler } from "./autoscaler.js";
import { Breaker } from "./breaker.js";
import { Inprocess } from "./inprocess.js";
import { bootsAtOnce } from "./programs.js";
import { Reaper } from "./reaper.js";
import { Subprocess, type SubprocessOptions } from "./subprocess.js";
import type { Vessel, VesselPort } from "./vessel.js";
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

/** The workers of this process: those it scales between bounds, and single ones started by hand. */
export class Pool {
  /** By `nr`. */
  readonly workers = new Map<number, PoolWorker>();
  readonly #options: PoolOptions;
  readonly #port: PoolPort;
  readonly #reaper: Reaper;
  readonly #autoscaler: Autoscaler;
  readonly #boots = new PQueue({ concurrency: bootsAtOnce });
  readonly #breaker = new Breaker();
  #scaling = false;
  /** Those that have no number yet. */
  readonly #arrivals = new Set<Promise<PoolWorker>>();
  /** Those that are not ready yet. */
  readonly #starting = new Set<Promise<void>>();

  constructor(options: PoolOptions, bounds: Bounds, port: PoolPort) {
    this.#options = options;
    this.#port = port;
    const failed = (error: Error): void => {
      port.failed(error);
    };
    this.#reaper = new Reaper(failed);
    this.#autoscaler = new Autoscaler(options, bounds, {
      workers: () => this.#scaled(),
      arriving: () => this.#arrivals.size,
      start: (nr) => {
        for (let one = 0; one < nr; one += 1) this.#startOne().catch(failed);
      },
      scaled: (scale) => {
        port.scaled(scale);
      },
      lookAgain: () => {
        this.reconcile();
      },
    });
  }

  get bounds(): Bounds {
    return this.#autoscaler.bounds;
  }

  set bounds(bounds: Bounds) {
    this.#autoscaler.bounds = bounds;
    this.reconcile();
  }

  get scaling(): boolean {
    return this.#scaling;
  }

  /** Whether a worker could be added for more work. */
  get growable(): boolean {
    return this.#scaling && this.#present < this.bounds.nrMax;
  }

  /** Starts scaling; resolves when `nrMin` workers are ready, rejects if one cannot boot. */
  async start(): Promise<void> {
    this.#scaling = true;
    this.#breaker.reset();
    this.reconcile();
    for (const boot of await Promise.allSettled(this.#starting)) {
      if (boot.status === "fulfilled") continue;
      await this.#end(this.#scaled(), 0, true);
      throw boot.reason;
    }
  }

  /** Ends all workers: what they run may finish for `timeout` milliseconds; then it is killed. */
  async close(timeout: number, requeue: boolean): Promise<void> {
    await this.#end(undefined, timeout, requeue);
  }

  /** Kills what still runs. */
  kill(requeue: boolean): void {
    for (const worker of this.workers.values()) worker.kill(requeue);
  }

  /** A worker in this process, not started yet. */
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
    this.#autoscaler.load(ready);
    this.reconcile();
  }

  /** Milliseconds that a job takes, as measured; undefined until one has ended. */
  get serviceTime(): number | undefined {
    return this.#autoscaler.serviceTime;
  }

  /** A job took so many milliseconds. */
  served(took: number): void {
    this.#autoscaler.served(took);
  }

  /** Brings the number of workers to what the autoscaler decides. */
  reconcile(): void {
    if (this.#scaling) this.#autoscaler.reconcile(this.#breaker.open);
  }

  get #present(): number {
    return this.#scaled().length + this.#arrivals.size;
  }

  /** Those that the bounds are about: a draining one is as good as gone. */
  #scaled(): PoolWorker[] {
    return [...this.workers.values()].filter(
      ({ type, phase }) =>
        type === "subprocess" && phase !== "draining" && phase !== "dead",
    );
  }

  /** Ends these workers, or all. */
  async #end(
    some: readonly PoolWorker[] | undefined,
    timeout: number,
    requeue: boolean,
  ): Promise<void> {
    this.#scaling = false;
    this.#autoscaler.stop();
    this.#breaker.reset();
    // Those whose number is still being looked up: they find that it is too late.
    await Promise.allSettled(this.#arrivals);
    const workers = some ?? [...this.workers.values()];
    for (const worker of workers) worker.halt();
    const limit = setTimeout(() => {
      for (const worker of workers) worker.kill(requeue);
    }, timeout);
    await Promise.all(workers.map(({ died }) => died));
    clearTimeout(limit);
  }

  #startOne(): Promise<void> {
    const start = this.#addAndBoot().finally(() => {
      this.#starting.delete(start);
    });
    this.#starting.add(start);
    return start;
  }

  async #addAndBoot(): Promise<void> {
    let worker: PoolWorker;
    try {
      worker = await this.#add(
        "subprocess",
        undefined,
        false,
        (port) => new Subprocess(this.#options, this.#reaper, port),
      );
    } catch (cause) {
      this.#tryAgainLater();
      throw cause;
    }
    await this.#boots.add(() => this.#boot(worker));
  }

  async #boot(worker: PoolWorker): Promise<void> {
    if (worker.phase !== "starting") return;
    const begun = monotonic();
    try {
      await worker.start();
    } catch (cause) {
      // Ended on request while it was starting: no fault of its own.
      if (worker.error === null) return;
      this.#tryAgainLater();
      throw cause;
    }
    this.#breaker.reset();
    this.#autoscaler.booted(monotonic() - begun);
  }

  #tryAgainLater(): void {
    if (!this.#scaling) return;
    this.#breaker.trip(() => {
      this.reconcile();
    });
  }

  async #add(
    type: WorkerType,
    nr: number | undefined,
    debug: boolean,
    vessel: (port: VesselPort) => Vessel,
  ): Promise<PoolWorker> {
    const arrival = this.#port.register(type, nr, debug).then((key) => {
      const { workerTimeout: timeout, killGrace, concurrency } = this.#options;
      const settings = { ...key, timeout, killGrace, concurrency, debug };
      const worker = new PoolWorker(settings, this.#port, vessel);
      this.workers.set(key.nr, worker);
      return worker;
    });
    this.#arrivals.add(arrival);
    try {
      return await arrival;
    } finally {
      this.#arrivals.delete(arrival);
    }
  }
}
