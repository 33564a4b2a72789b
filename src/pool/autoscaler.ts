import type { Bounds } from "../bounds.js";
import { clearTimeout, monotonic, setTimeout } from "../clock.js";
import type { Scale } from "../events.js";
import { decide, type Decision } from "./decide.js";
import type { PoolWorker } from "./worker.js";

export interface AutoscalerPort {
  /** The workers that the bounds are about. */
  workers(): PoolWorker[];
  /** Those that are on their way to be workers. */
  arriving(): number;
  start(nr: number): void;
  scaled(scale: Scale): void;
  /** It is time to reconcile. */
  lookAgain(): void;
}

export interface AutoscalerOptions {
  idleTimeout: number;
  concurrency: number;
}

/** A guess for the first boot, in milliseconds; measured from then on. */
const firstBootTime = 150;
/** How many times longer an idle worker is kept at most, after retiring some too early. */
const mostPatience = 8;

/** Carries out what `decide` decides, from what it measures. */
export class Autoscaler {
  readonly #options: AutoscalerOptions;
  readonly #port: AutoscalerPort;
  bounds: Bounds;
  #ready = 0;
  #bootTime = firstBootTime;
  #serviceTime: number | undefined;
  #grownAt = -Infinity;
  #retiredAt = -Infinity;
  #patience = 1;
  #tick: NodeJS.Timeout | undefined;

  constructor(
    options: AutoscalerOptions,
    bounds: Bounds,
    port: AutoscalerPort,
  ) {
    this.#options = options;
    this.bounds = bounds;
    this.#port = port;
  }

  get serviceTime(): number | undefined {
    return this.#serviceTime;
  }

  /** How many jobs could run now and have no worker. */
  load(ready: number): void {
    this.#ready = ready;
  }

  /** A job took so many milliseconds. */
  served(took: number): void {
    const before = this.#serviceTime ?? took;
    this.#serviceTime = before * 0.9 + took * 0.1;
  }

  /** A worker took so many milliseconds to come up. */
  booted(took: number): void {
    this.#bootTime = (this.#bootTime + took) / 2;
  }

  stop(): void {
    clearTimeout(this.#tick);
  }

  /** Looks at the pool, and starts or retires workers. `hold`: starts none. */
  reconcile(hold: boolean): void {
    const workers = this.#port.workers();
    const idle = workers.filter(({ phase }) => phase === "idle");
    const busy = workers.filter(({ phase }) => phase === "busy").length;
    const present = workers.length + this.#port.arriving();
    const starting = present - idle.length - busy;
    const idleFor = Math.max(0, ...idle.map((worker) => worker.idleFor));
    const idleTimeout = this.#options.idleTimeout * this.#patience;
    const decision = decide({
      ...this.bounds,
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
    this.#carryOut(decision, workers, present, busy, hold);
    if (present > this.bounds.nrMin) {
      this.#lookAgain(Math.max(idleTimeout - idleFor, 10));
    } else if (this.#ready > 0 && starting > 0) this.#lookAgain(this.#bootTime);
  }

  #carryOut(
    { start, retire }: Decision,
    workers: PoolWorker[],
    present: number,
    busy: number,
    hold: boolean,
  ): void {
    const change = hold ? -retire : start - retire;
    if (change === 0) return;
    const to = present + change;
    this.#port.scaled({ from: present, to, ready: this.#ready, busy });
    if (change > 0) {
      this.#regret(present);
      this.#grownAt = monotonic();
      this.#port.start(change);
      return;
    }
    this.#retiredAt = monotonic();
    // Idle ones first, never one that would have to be killed.
    const byIdleness = [...workers].sort((a, b) => b.idleFor - a.idleFor);
    for (const worker of byIdleness.slice(0, -change)) worker.halt();
  }

  /** Growing again so soon after retiring one: be slower to retire the next. */
  #regret(present: number): void {
    const since = monotonic() - this.#retiredAt;
    if (present < this.bounds.nrMin || since > this.#options.idleTimeout)
      return;
    this.#patience = Math.min(this.#patience * 2, mostPatience);
  }

  #lookAgain(delay: number): void {
    clearTimeout(this.#tick);
    this.#tick = setTimeout(() => {
      this.#port.lookAgain();
    }, delay).unref();
  }
}
