interface Look {
  at: number;
  total: number;
}

/** How finely a window is cut. */
const parts = 50;

/** How many jobs have come lately, from looks at a running total. All times in milliseconds. */
export class Inflow {
  readonly #looks: Look[] = [];

  /** Whether the last look is so old that another is worth while. */
  isDue(now: number, window: number): boolean {
    const last = this.#looks.at(-1);
    return last === undefined || now - last.at >= window / parts;
  }

  /** So many had come by now. Whoever looks late says that nothing had come before. */
  look(now: number, total: number, window: number): void {
    const looks = this.#looks;
    const last = looks.at(-1) ?? { at: now - window, total: 0 };
    const apart = window / parts;
    const before = looks.at(-2);
    if (now - last.at > apart)
      looks.push({ at: now - apart, total: last.total });
    else if (before !== undefined && last.at - before.at < apart) looks.pop();
    looks.push({ at: now, total });
    while (looks.length > 2 && looks[1]!.at <= now - window) looks.shift();
  }

  /** Jobs a millisecond, over the last `window`. */
  rate(now: number, window: number): number {
    const [oldest, next] = this.#looks;
    const newest = this.#looks.at(-1);
    const from = now - window;
    if (oldest === undefined || next === undefined || newest === undefined)
      return 0;
    if (newest.at <= from) return 0;
    const part = (from - oldest.at) / (next.at - oldest.at);
    const before =
      oldest.total +
      (next.total - oldest.total) * Math.min(Math.max(part, 0), 1);
    return Math.max(0, newest.total - before) / window;
  }
}
