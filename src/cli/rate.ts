/** The time that the rate is about, in milliseconds. */
const span = 5_000;
/** From less nothing can be told: the workers are still coming up. */
const least = 1_000;

/** How many have been counted per second lately. */
export class Rate {
  readonly #seen: { at: number; count: number }[] = [];

  /** `at` in milliseconds, `count` since the beginning. Gives the rate; undefined until it can be told. */
  add(at: number, count: number): number | undefined {
    this.#seen.push({ at, count });
    while (this.#seen.length > 2 && (this.#seen[1]?.at ?? at) <= at - span)
      this.#seen.shift();
    const first = this.#seen[0] ?? { at, count };
    return at - first.at < least
      ? undefined
      : ((count - first.count) * 1_000) / (at - first.at);
  }
}
