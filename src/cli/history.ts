import type { MyJobs } from "../index.js";
import { duration, number } from "./format.js";
import { Timeline } from "./timeline.js";

/** Milliseconds between two looks. */
const interval = 100;
/** Changes of the pool's size that are named. */
const mostSteps = 20;

/** Watches the pool of one run, and draws how it grew and shrank. */
export class PoolHistory {
  readonly #done: () => number;
  readonly #timeline = new Timeline(interval);
  readonly #live = new Set<number>();
  readonly #steps: string[] = [];
  /** Since the last look. */
  #most = 0;
  #begun = 0;
  #took = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `done` is how many jobs have ended in this run so far. */
  constructor(done: () => number) {
    this.#done = done;
  }

  watch(myjobs: MyJobs): void {
    myjobs.on("scale", ({ from, to }) => {
      if (this.#steps.length === 0) this.#steps.push(String(from));
      if (this.#steps.length < mostSteps) this.#steps.push(String(to));
      else this.#steps[mostSteps] = "...";
    });
    myjobs.on("worker", ({ nr }, state) => {
      if (state === "WAITING" || state === "BUSY") this.#live.add(nr);
      if (state === "HALTED" || state === "ERROR") this.#live.delete(nr);
      this.#most = Math.max(this.#most, this.#live.size);
    });
    this.#begun = performance.now();
    this.#timer = setInterval(() => {
      this.#look();
    }, interval);
  }

  /** The pool has been stopped. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#look();
  }

  /** A few lines; none if nothing ran. */
  picture(): string[] {
    const { workers, rates } = this.#timeline;
    const most = Math.max(0, ...workers);
    if (most === 0) return [];
    // A pool that has never been scaled has been as large as it began.
    const steps = this.#steps.length === 0 ? [most] : this.#steps;
    const end = duration(this.#took / 1_000);
    const width = Math.max(workers.length, end.length + 4);
    return [
      `pool      ${steps.join(" > ")} > 0`,
      `workers   ${spark(workers).padEnd(width)}  at most ${number(most)}`,
      `jobs/s    ${spark(rates).padEnd(width)}  at most ${number(Math.max(...rates))}`,
      `          0 s${end.padStart(width - 3)}`,
    ];
  }

  #look(): void {
    this.#took = performance.now() - this.#begun;
    this.#timeline.add(this.#took, this.#most, this.#done());
    this.#most = this.#live.size;
  }
}

/** One character for each value: its height as a part of the highest. */
export function spark(values: readonly number[]): string {
  const most = Math.max(...values);
  const heights = "▁▂▃▄▅▆▇█";
  return values
    .map((value) =>
      value <= 0
        ? " "
        : (heights[Math.ceil((value / most) * heights.length) - 1] ?? ""),
    )
    .join("");
}
