/** Columns of a picture at most: when there would be more, two and two become one. */
const most = 60;

interface Column {
  workers: number;
  ended: number;
}

/** How many workers there were, and how many jobs ended, in equal pieces of time: never more than a line's worth. */
export class Timeline {
  #columns: Column[] = [];
  #span: number;
  #last = 0;

  /** Milliseconds that a column stands for at first. */
  constructor(span: number) {
    this.#span = span;
  }

  /** At so many milliseconds: workers then, and jobs that have ended since the beginning. */
  add(at: number, workers: number, ended: number): void {
    while (at >= most * this.#span) this.#halve();
    const index = Math.floor(at / this.#span);
    while (this.#columns.length <= index) {
      // Nobody looked meanwhile: it was as it had been.
      const before = this.#columns.at(-1)?.workers ?? 0;
      const isNow = this.#columns.length === index;
      this.#columns.push({ workers: isNow ? workers : before, ended: 0 });
    }
    const column = this.#columns.at(-1);
    if (column === undefined) return;
    column.workers = Math.max(column.workers, workers);
    column.ended += ended - this.#last;
    this.#last = ended;
  }

  /** The most in each column. */
  get workers(): number[] {
    return this.#columns.map(({ workers }) => workers);
  }

  /** Jobs per second in each column. */
  get rates(): number[] {
    return this.#columns.map(({ ended }) => (ended * 1_000) / this.#span);
  }

  #halve(): void {
    const joined: Column[] = [];
    this.#columns.forEach(({ workers, ended }, index) => {
      const half = joined.at(-1);
      if (index % 2 === 0 || half === undefined)
        joined.push({ workers, ended });
      else {
        half.workers = Math.max(half.workers, workers);
        half.ended += ended;
      }
    });
    this.#columns = joined;
    this.#span *= 2;
  }
}
