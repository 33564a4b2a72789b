import { duration, number, perSecond } from "./format.js";
import { Rate } from "./rate.js";

/** How things stand. */
export interface Standing {
  done: number;
  /** Of them, those that had ended before this run began. */
  earlier: number;
  failed: number;
  /** Undefined until it is known. */
  total: number | undefined;
  workers: number;
}

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Milliseconds between two drawings of the bar, and between two plain lines. */
const drawInterval = 100;
const tellInterval = 2_000;
const barWidth = 20;
const clear = "\r\u001b[K";

/** Shows how things stand: one line that is drawn again and again on a terminal, else a line now and then. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #standing: () => Standing;
  readonly #rate = new Rate();
  #timer: NodeJS.Timeout | undefined;

  constructor(terminal: Terminal, standing: () => Standing) {
    this.#terminal = terminal;
    this.#standing = standing;
  }

  start(): void {
    this.#count(this.#standing());
    const interval = this.#isLive ? drawInterval : tellInterval;
    this.#timer ??= setInterval(() => {
      this.#show();
    }, interval);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.clear();
  }

  /** A line of its own, above the bar. */
  say(line: string): void {
    this.clear();
    this.#terminal.write(`${line}\n`);
  }

  /** Makes room for what others write on the same terminal. */
  clear(): void {
    if (this.#isLive) this.#terminal.write(clear);
  }

  get #isLive(): boolean {
    return this.#terminal.isTTY === true;
  }

  #show(): void {
    const standing = this.#standing();
    const rate = this.#count(standing);
    this.#terminal.write(
      this.#isLive
        ? clear + bar(standing, rate, this.#columns)
        : `${tell(standing, rate)}\n`,
    );
  }

  #count({ done, earlier }: Standing): number | undefined {
    return this.#rate.add(performance.now(), done - earlier);
  }

  /** A terminal may not know its own width, and then say 0. */
  get #columns(): number {
    const { columns = 0 } = this.#terminal;
    return columns > 0 ? columns : 80;
  }
}

/** For a terminal so many columns wide. */
export function bar(
  standing: Standing,
  rate: number | undefined,
  columns: number,
): string {
  const { done, total } = standing;
  const filled = Math.floor((barWidth * done) / (total ?? Infinity));
  const drawn = `[${"#".repeat(filled)}${"-".repeat(barWidth - filled)}] `;
  const line = (total === undefined ? "" : drawn) + tell(standing, rate);
  return line.slice(0, columns - 1);
}

/** Of the rate, and of what is left, nothing while it is not known. */
export function tell(standing: Standing, rate: number | undefined): string {
  const { done, total, failed, workers } = standing;
  const parts = [
    total === undefined
      ? `${number(done)} done`
      : `${number(done)}/${number(total)} done`,
    ...(rate === undefined ? [] : [`${perSecond(rate)} jobs/s`]),
    `${number(workers)} worker${workers === 1 ? "" : "s"}`,
  ];
  if (total !== undefined && rate !== undefined && rate > 0)
    parts.push(`${duration(Math.ceil((total - done) / rate))} left`);
  if (failed > 0) parts.push(`${number(failed)} failed`);
  return parts.join(", ");
}
