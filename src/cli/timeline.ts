/** Columns of a picture at most: when there are more, two and two become one. */
const most = 60;

/** How many workers there were, and how many jobs had ended, in equal pieces of time: never more than a line's worth. */
export class Timeline {
  #interval: number;
  #workers: number[] = [];
  #ended: number[] = [];
  /** Samples per column, and those that the last column has. */
  #share = 1;
  #filled = 0;
  #samples = 0;
  #last = 0;

  /** Milliseconds between two samples. */
  constructor(interval: number) {
    this.#interval = interval;
  }

  /** One sample: workers now, and jobs that have ended since the beginning. */
  add(workers: number, ended: number): void {
    if (this.#filled === this.#share || this.#workers.length === 0) {
      if (this.#workers.length === most) this.#halve();
      this.#workers.push(0);
      this.#ended.push(0);
      this.#filled = 0;
    }
    const at = this.#workers.length - 1;
    this.#workers[at] = Math.max(this.#workers[at] ?? 0, workers);
    this.#ended[at] = (this.#ended[at] ?? 0) + ended - this.#last;
    this.#last = ended;
    this.#filled += 1;
    this.#samples += 1;
  }

  get workers(): readonly number[] {
    return this.#workers;
  }

  /** Jobs per second. */
  get rates(): readonly number[] {
    return this.#ended.map((ended, at) => {
      const isLast = at === this.#ended.length - 1;
      const samples = isLast ? this.#filled : this.#share;
      return (ended * 1_000) / (this.#interval * samples);
    });
  }

  get seconds(): number {
    return (this.#samples * this.#interval) / 1_000;
  }

  #halve(): void {
    this.#workers = pairs(this.#workers, Math.max);
    this.#ended = pairs(this.#ended, (a, b) => a + b);
    this.#share *= 2;
  }
}

function pairs(
  values: readonly number[],
  join: (a: number, b: number) => number,
): number[] {
  const joined: number[] = [];
  for (let at = 0; at < values.length; at += 2)
    joined.push(join(values[at] ?? 0, values[at + 1] ?? 0));
  return joined;
}
