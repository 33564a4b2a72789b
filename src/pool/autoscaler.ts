import type { Bounds } from "../bounds.js";
import * as realClock from "../clock.js";
import type { Scale } from "../events.js";
import { decide, type Decision, type Situation } from "./decide.js";
import { Inflow } from "./inflow.js";
import type { PoolWorker } from "./worker.js";

export type ScaledWorker = Pick<
  PoolWorker,
  "phase" | "idleFor" | "slowFor" | "holds" | "halt"
>;

export interface AutoscalerPort {
  /** The workers that the bounds are about. */
  workers(): ScaledWorker[];
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

export type AutoscalerClock = Pick<typeof realClock, "monotonic"> & {
  setTimeout(callback: () => void, delay: number): { unref(): unknown };
  clearTimeout(timer: never): void;
};

/** A guess until a first worker has come up, in milliseconds. */
const firstBootTime = 150;
/** How many times longer an idle worker is kept at most, after retiring some too early. */
const mostPatience = 8;
/** A job that has run so many times longer than most, and longer than a boot, is slow. */
const slowTimes = 4;
/** By so much each job moves what is taken for the usual time: the median, since few slow ones make a mean. */
const usualStep = 1.2;
/** Those that are to be retired go one by one, so many milliseconds apart. */
const retirePause = 10;
/** The pool is looked at again after so many milliseconds at the latest, while there is something to decide. */
const longestLook = 60_000;

/** Carries out what `decide` decides, from what it measures. */
export class Autoscaler {
  readonly #options: AutoscalerOptions;
  readonly #port: AutoscalerPort;
  readonly #clock: AutoscalerClock;
  readonly #inflow = new Inflow();
  bounds: Bounds;
  #ready = 0;
  #ended = 0;
  #bootTime: number | undefined;
  #serviceTime: number | undefined;
  #usualTime = 0;
  #grownAt = -Infinity;
  #retiredAt = -Infinity;
  #patience = 1;
  #tick: { unref(): unknown } | undefined;

  constructor(
    options: AutoscalerOptions,
    bounds: Bounds,
    port: AutoscalerPort,
    clock: AutoscalerClock = realClock,
  ) {
    this.#options = options;
    this.bounds = bounds;
    this.#port = port;
    this.#clock = clock;
  }

  get serviceTime(): number | undefined {
    return this.#serviceTime;
  }

  /** How many jobs could run now and have no worker. */
  load(ready: number): void {
    this.#ready = ready;
    this.#look();
  }

  /** A job took so many milliseconds. */
  served(took: number): void {
    const before = this.#serviceTime ?? took;
    this.#serviceTime = before * 0.9 + took * 0.1;
    const usual = this.#usualTime || Math.max(took, 0.01);
    this.#usualTime = took > usual ? usual * usualStep : usual / usualStep;
    this.#ended += 1;
    // While jobs wait, only a new count tells how many have come.
    if (this.#ready > 0) return;
    if (this.#inflow.isDue(this.#clock.monotonic(), this.#window)) this.#look();
  }

  /** A worker took so many milliseconds to come up. */
  booted(took: number): void {
    this.#bootTime = ((this.#bootTime ?? took) + took) / 2;
  }

  stop(): void {
    this.#clock.clearTimeout(this.#tick as never);
  }

  /** Looks at the pool, and starts or retires workers. `hold`: starts none. */
  reconcile(hold: boolean): void {
    const workers = this.#port.workers();
    const present = workers.length + this.#port.arriving();
    const situation = this.#situation(workers, present);
    const { busy, idleFor, idleTimeout, bootTime } = situation;
    this.#carryOut(decide(situation), workers, present, busy, hold);
    if (this.#ready > 0) this.#lookAgain(bootTime);
    else if (present > this.bounds.nrMin)
      this.#lookAgain(Math.max(idleTimeout - idleFor, retirePause));
  }

  #situation(workers: readonly ScaledWorker[], present: number): Situation {
    const idle = workers.filter(({ phase }) => phase === "idle");
    const busy = workers.filter(({ phase }) => phase === "busy");
    const bootTime = this.#bootTime ?? firstBootTime;
    const long = Math.max(bootTime, slowTimes * this.#usualTime);
    return {
      ...this.bounds,
      busy: busy.length,
      slow: busy.filter(({ slowFor }) => slowFor > long).length,
      idle: idle.length,
      starting: present - idle.length - busy.length,
      ready: this.#ready,
      inflow: this.#inflow.rate(this.#clock.monotonic(), this.#window),
      bootTime,
      booted: this.#bootTime !== undefined,
      serviceTime: this.#serviceTime,
      concurrency: this.#options.concurrency,
      sinceGrowth: this.#clock.monotonic() - this.#grownAt,
      idleFor: Math.max(0, ...idle.map((worker) => worker.idleFor)),
      idleTimeout: this.#options.idleTimeout * this.#patience,
    };
  }

  /** Shorter than a boot no change can be followed; within a service time all come that are in work at once. */
  get #window(): number {
    return Math.max(this.#bootTime ?? firstBootTime, this.#serviceTime ?? 0);
  }

  /** What has come is what has ended, what is held and what waits. */
  #look(): void {
    let total = this.#ended + this.#ready;
    for (const { holds } of this.#port.workers()) total += holds;
    this.#inflow.look(this.#clock.monotonic(), total, this.#window);
  }

  #carryOut(
    { start, retire }: Decision,
    workers: ScaledWorker[],
    present: number,
    busy: number,
    hold: boolean,
  ): void {
    const tooMany = present > this.bounds.nrMax;
    // Those that have no number yet go when they have come.
    const going = retire - (tooMany ? this.#port.arriving() : 0);
    const change = hold || retire > 0 ? -Math.max(0, going) : start;
    if (change === 0) return;
    const to = present + change;
    this.#port.scaled({ from: present, to, ready: this.#ready, busy });
    if (change > 0) {
      this.#regret(present);
      this.#grownAt = this.#clock.monotonic();
      this.#port.start(change);
      return;
    }
    this.#retiredAt = this.#clock.monotonic();
    for (const worker of expendable(workers, tooMany).slice(0, -change))
      worker.halt();
  }

  /** Growing again so soon after retiring one: be slower to retire the next. */
  #regret(present: number): void {
    const since = this.#clock.monotonic() - this.#retiredAt;
    if (present < this.bounds.nrMin || since > this.#options.idleTimeout)
      return;
    this.#patience = Math.min(this.#patience * 2, mostPatience);
  }

  #lookAgain(delay: number): void {
    this.stop();
    // To look too early does no harm; no timer takes the longest delays.
    const soon = Math.min(delay, longestLook);
    this.#tick = this.#clock.setTimeout(() => {
      this.#port.lookAgain();
    }, soon);
    this.#tick.unref();
  }
}

/** In the order in which they go: where there are too many, those first that are not up yet; idle ones, the longest first; busy ones. */
function expendable(
  workers: readonly ScaledWorker[],
  tooMany: boolean,
): ScaledWorker[] {
  const of = (wanted: ScaledWorker["phase"]): ScaledWorker[] =>
    workers.filter(({ phase }) => phase === wanted);
  const idle = of("idle").sort((a, b) => b.idleFor - a.idleFor);
  return tooMany ? [...of("starting").reverse(), ...idle, ...of("busy")] : idle;
}
