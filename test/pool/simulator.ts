import { Autoscaler, type ScaledWorker } from "../../src/pool/autoscaler.js";
import type { Load } from "./loads.js";

export interface SimulationOptions {
  nrMin: number;
  nrMax: number;
  /** Milliseconds, as all times here. */
  bootTime: number;
  idleTimeout: number;
  load: Load;
  /** How long a job takes, by its number. */
  serviceTime: (nr: number) => number;
  /** How long is simulated. */
  duration: number;
}

/** The pool after something has changed in it. */
export interface Moment {
  at: number;
  /** Started and not retired, up or not. */
  workers: number;
  /** Those that take jobs. */
  up: number;
  busy: number;
  ready: number;
}

export interface Scaling {
  at: number;
  from: number;
  to: number;
}

export interface Course {
  moments: Moment[];
  scalings: Scaling[];
  /** How long each job waited for its start, in the order in which they started. */
  waits: number[];
  /** When the last job ended that did. */
  makespan: number;
  firstEnd: number;
  /** Workers that were told to end while they ran something. */
  shrunkBusy: number;
}

/** As in the dispatcher: what waits is counted no more often than this. */
const countInterval = 20;

/** Runs the real autoscaler over a pool of workers, jobs and a clock that are only pretended. */
export function simulate(options: SimulationOptions): Course {
  return new Simulation(options).run();
}

class Worker implements ScaledWorker {
  phase: ScaledWorker["phase"] = "starting";
  since = 0;
  readonly #now: () => number;
  readonly #halted: (worker: Worker) => void;

  constructor(now: () => number, halted: (worker: Worker) => void) {
    this.#now = now;
    this.#halted = halted;
  }

  get holds(): number {
    return this.phase === "busy" ? 1 : 0;
  }

  get idleFor(): number {
    return this.phase === "idle" ? this.#now() - this.since : 0;
  }

  get slowFor(): number {
    return this.phase === "busy" ? this.#now() - this.since : 0;
  }

  enter(phase: ScaledWorker["phase"]): void {
    this.phase = phase;
    this.since = this.#now();
  }

  halt(): void {
    this.#halted(this);
  }
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #agenda = new Agenda();
  readonly #autoscaler: Autoscaler;
  readonly #workers: Worker[] = [];
  /** When each of the jobs came that wait. */
  readonly #queue: number[] = [];
  readonly #course: Course = {
    moments: [],
    scalings: [],
    waits: [],
    makespan: 0,
    firstEnd: Infinity,
    shrunkBusy: 0,
  };
  #started = 0;
  #told = 0;
  #countedAt = -Infinity;
  #counting = false;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { nrMin, nrMax, idleTimeout } = options;
    this.#autoscaler = new Autoscaler(
      { idleTimeout, concurrency: 1 },
      { nrMin, nrMax },
      {
        workers: () => this.#workers,
        arriving: () => 0,
        start: (nr) => {
          for (let one = 0; one < nr; one += 1) this.#start();
        },
        scaled: ({ from, to }) => {
          this.#course.scalings.push({ at: this.#agenda.now, from, to });
        },
        lookAgain: () => {
          this.#autoscaler.reconcile(false);
        },
      },
      {
        monotonic: () => this.#agenda.now,
        setTimeout: (callback, delay) => this.#agenda.in(delay, callback),
        clearTimeout: (timer?: Entry) => {
          if (timer !== undefined) timer.callback = undefined;
        },
      },
    );
  }

  run(): Course {
    const { load, duration } = this.#options;
    this.#autoscaler.reconcile(false);
    for (const at of load.arrivals(duration)) {
      this.#agenda.in(at, () => {
        this.#queue.push(at);
        this.#poke();
      });
    }
    this.#agenda.run(duration, () => {
      this.#note();
    });
    return this.#course;
  }

  #start(): void {
    const { bootTime } = this.#options;
    const worker = new Worker(
      () => this.#agenda.now,
      (one) => {
        if (one.phase === "busy") this.#course.shrunkBusy += 1;
        this.#workers.splice(this.#workers.indexOf(one), 1);
      },
    );
    this.#workers.push(worker);
    this.#agenda.in(bootTime, () => {
      if (!this.#workers.includes(worker)) return;
      worker.enter("idle");
      this.#autoscaler.booted(bootTime);
      this.#poke();
    });
  }

  /** As the dispatcher does: first the claims, in the order of the workers, then the count. */
  #poke(): void {
    const idle = this.#workers.filter(({ phase }) => phase === "idle");
    for (const worker of idle) this.#claim(worker);
    const { now } = this.#agenda;
    if (this.#counting || idle.some(({ phase }) => phase === "idle")) return;
    this.#counting = true;
    const wait = Math.max(0, this.#countedAt + countInterval - now);
    this.#agenda.in(wait, () => {
      this.#counting = false;
      this.#countedAt = this.#agenda.now;
      this.#tell(this.#queue.length);
    });
  }

  #claim(worker: Worker): void {
    const came = this.#queue.shift();
    if (came === undefined) {
      this.#tell(0);
      return;
    }
    const took = this.#options.serviceTime(this.#started);
    this.#started += 1;
    this.#course.waits.push(this.#agenda.now - came);
    worker.enter("busy");
    this.#agenda.in(took, () => {
      this.#course.makespan = this.#agenda.now;
      this.#course.firstEnd = Math.min(this.#course.firstEnd, this.#agenda.now);
      worker.enter("idle");
      this.#autoscaler.served(took);
      this.#poke();
    });
  }

  #tell(ready: number): void {
    if (ready === 0 && this.#told === 0) return;
    this.#told = ready;
    this.#autoscaler.load(ready);
    this.#autoscaler.reconcile(false);
  }

  #note(): void {
    const nrOf = (phase: string): number =>
      this.#workers.filter((worker) => worker.phase === phase).length;
    const busy = nrOf("busy");
    this.#course.moments.push({
      at: this.#agenda.now,
      workers: this.#workers.length,
      up: busy + nrOf("idle"),
      busy,
      ready: this.#queue.length,
    });
  }
}

interface Entry {
  at: number;
  nr: number;
  callback: (() => void) | undefined;
  unref: () => void;
}

/** What is to happen, by time; what was entered first goes first. A binary heap. */
class Agenda {
  now = 0;
  readonly #heap: Entry[] = [];
  #nr = 0;

  in(delay: number, callback: () => void): Entry {
    const at = this.now + Math.max(0, delay);
    const entry = { at, nr: this.#nr, callback, unref: () => undefined };
    this.#nr += 1;
    const heap = this.#heap;
    let place = heap.push(entry) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = entry;
    return entry;
  }

  /** Until a time; `after` is called when all of one instant has happened. */
  run(until: number, after: () => void): void {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until) return;
      this.now = next.at;
      while (this.#heap[0]?.at === this.now) this.#pop()?.callback?.();
      after();
    }
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.nr < other.nr);
}
