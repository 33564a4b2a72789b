import type { Bounds } from "../bounds.js";
import { clearTimeout, hold, setTimeout } from "../clock.js";
import type { Scale } from "../events.js";
import { workerName } from "../models/worker.js";
import { Underway } from "../underway.js";
import { Autoscaler } from "./autoscaler.js";
import { Boots } from "./boots.js";
import { Inprocess } from "./inprocess.js";
import { KeptWorkers } from "./kept.js";
import { Reaper } from "./reaper.js";
import { Subprocess, type SubprocessOptions } from "./subprocess.js";
import type { Vessel, VesselPort } from "./vessel.js";
import type { Wanted } from "./wanted.js";
import { Watchdog } from "./watchdog.js";
import { PoolWorker, type WorkerPort } from "./worker.js";

export interface PoolOptions extends Omit<SubprocessOptions, "watched"> {
  idleTimeout: number;
  workerTimeout: number;
  killGrace: number;
  maxJobsPerWorker: number;
  /** Whether what jobs print is shown, and lines about them. */
  show: boolean;
}

export interface PoolPort extends WorkerPort {
  /** A number for a new worker, and its record. */
  register(wanted: Wanted): Promise<{ id: number; nr: number }>;
  scaled(scale: Scale): void;
  failed(cause: unknown): void;
}

const scaledOne: Wanted = { type: "subprocess", debug: false, scaled: true };

/** The workers of this process: those it scales between bounds, and single ones started by hand. */
export class Pool {
  /** By id: one that others have given up may still end when its number has been taken again. */
  readonly workers = new Map<number, PoolWorker>();
  readonly watchdog = new Watchdog(() => this.workers.values());
  readonly #options: PoolOptions;
  readonly #port: PoolPort;
  readonly #reaper: Reaper;
  readonly #autoscaler: Autoscaler;
  readonly #boots: Boots;
  /** Is there while it scales, and holds the process as its workers do: there may be none. */
  #letGo: (() => void) | undefined;
  readonly #kept = new KeptWorkers();
  /** Those that have no number yet. */
  readonly #arrivals = new Underway();
  readonly #scaledArrivals = new Underway();

  constructor(options: PoolOptions, bounds: Bounds, port: PoolPort) {
    this.#options = options;
    this.#port = port;
    this.#reaper = new Reaper(this.#failed);
    this.#boots = new Boots({
      booted: (took) => {
        this.#autoscaler.booted(took);
      },
      wanted: () => this.scaling || this.#kept.size > 0,
      tryAgain: this.reconcile.bind(this),
    });
    this.#autoscaler = new Autoscaler(options, bounds, {
      workers: () => this.#scaled(),
      arriving: () => this.#scaledArrivals.size,
      start: (nr) => {
        for (let one = 0; one < nr; one += 1)
          this.#startForked(scaledOne).catch(this.#failed);
      },
      scaled: (scale) => {
        port.scaled(scale);
      },
      lookAgain: this.reconcile.bind(this),
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
    return this.#letGo !== undefined;
  }

  /** Starts scaling; resolves when `nrMin` workers are ready, rejects if one cannot boot. What scaled before goes on. */
  async start(): Promise<void> {
    const before = this.scaling;
    this.#letGo ??= hold();
    this.#tryAgain();
    for (const boot of await Promise.allSettled(this.#boots.scaled)) {
      if (boot.status === "fulfilled") continue;
      if (!before) await this.#end(isScaled, 0, true);
      throw boot.reason;
    }
  }

  /** Resolves when those that are starting are ready, or have failed to be. */
  async ready(): Promise<void> {
    await Promise.allSettled(this.#boots.under);
  }

  /** A single forked worker, that is kept until it is told to end. Rejects if it cannot boot. */
  async startKept(wanted: Wanted): Promise<PoolWorker> {
    this.#tryAgain();
    const worker = await this.#startForked(wanted);
    this.#kept.add(worker, wanted);
    return worker;
  }

  /** Ends all workers: what they run may finish for `timeout` milliseconds; then it is killed. */
  async close(timeout: number, requeue: boolean): Promise<void> {
    this.#kept.clear();
    await this.#end(() => true, timeout, requeue);
    // What is under way finds them gone.
    void this.watchdog.stop();
    this.#reaper.close();
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
      { type: "inprocess", nr, debug, scaled: false },
      (port, watched) => new Inprocess({ ...settings, watched }, port),
    );
  }

  /** It is gone. */
  departed(worker: PoolWorker): void {
    this.workers.delete(worker.settings.id);
    this.#kept.departed(worker);
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

  /** Brings the number of workers to what the autoscaler decides, and replaces single ones that died. */
  reconcile(): void {
    if (this.scaling) this.#autoscaler.reconcile(this.#boots.barred);
    if (this.#boots.barred) return;
    this.#kept.replace((wanted) =>
      this.#startForked(wanted).catch((cause: unknown) => {
        this.#failed(cause);
        return undefined;
      }),
    );
  }

  /** Those that the bounds are about: a draining one is as good as gone. */
  #scaled(): PoolWorker[] {
    return [...this.workers.values()].filter(
      (worker) =>
        isScaled(worker) &&
        worker.phase !== "draining" &&
        worker.phase !== "dead",
    );
  }

  async #end(
    which: (worker: PoolWorker) => boolean,
    timeout: number,
    requeue: boolean,
  ): Promise<void> {
    this.#letGo?.();
    this.#letGo = undefined;
    this.#autoscaler.stop();
    this.#boots.reset();
    // Those whose number is still being looked up go with the others.
    await this.#arrivals.settled();
    const workers = [...this.workers.values()].filter(which);
    for (const worker of workers) worker.halt();
    const limit = setTimeout(() => {
      for (const worker of workers) worker.kill(requeue);
    }, timeout);
    await Promise.all(workers.map(({ died }) => died));
    clearTimeout(limit);
  }

  /** Somebody asks for a worker: what kept others from booting may be gone. */
  #tryAgain(): void {
    this.#boots.reset();
    this.reconcile();
  }

  #startForked(wanted: Wanted): Promise<PoolWorker> {
    this.watchdog.start(this.#failed);
    const add = (): Promise<PoolWorker> =>
      this.#add(wanted, (port, watched) => {
        const options = { ...this.#options, watched };
        return new Subprocess(options, this.#reaper, port);
      });
    return this.#boots.start(add, wanted.scaled);
  }

  #add(
    wanted: Wanted,
    vessel: (port: VesselPort, watched: string) => Vessel,
  ): Promise<PoolWorker> {
    const arrival = this.#port.register(wanted).then((key) => {
      const { workerTimeout: timeout, killGrace, concurrency } = this.#options;
      const limits = { timeout, killGrace, concurrency };
      const { type, debug, scaled } = wanted;
      const watched = debug || this.#options.show;
      const settings = { ...key, ...limits, type, debug, scaled, watched };
      const worker = new PoolWorker(settings, this.#port, (port) =>
        vessel(port, watched ? workerName(key.nr) : ""),
      );
      this.workers.set(key.id, worker);
      return worker;
    });
    if (wanted.scaled) void this.#scaledArrivals.follow(arrival);
    return this.#arrivals.follow(arrival);
  }

  readonly #failed = (cause: unknown): void => {
    this.#port.failed(cause);
  };
}

function isScaled({ settings }: PoolWorker): boolean {
  return settings.scaled;
}
