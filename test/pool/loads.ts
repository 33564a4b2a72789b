/** Jobs that come over time, in milliseconds. */
export interface Load {
  /** When they come, in order, up to a time. */
  arrivals: (until: number) => number[];
  /** How many have come by then, unrounded: by its rate, not by its single jobs. */
  come: (by: number) => number;
}

/** A load by its rate: jobs a millisecond at a time; they come evenly. */
export function atRate(rate: (at: number) => number): Load {
  const step = 1;
  const totals = [0];
  const totalAt = (nr: number): number => {
    while (totals.length <= nr) {
      const at = (totals.length - 0.5) * step;
      totals.push(totals.at(-1)! + rate(at) * step);
    }
    return totals[nr]!;
  };
  const come = (by: number): number => {
    if (by <= 0) return 0;
    const nr = Math.floor(by / step);
    const before = totalAt(nr);
    return before + (totalAt(nr + 1) - before) * (by / step - nr);
  };
  return {
    come,
    arrivals: (until) => {
      const times: number[] = [];
      for (let nr = 0; nr * step < until; nr += 1) {
        const [before, after] = [totalAt(nr), totalAt(nr + 1)];
        for (let job = Math.floor(before) + 1; job <= after; job += 1)
          times.push(step * (nr + (job - before) / (after - before)));
      }
      return times.filter((at) => at < until);
    },
  };
}

/** So many jobs at once, at each of the times. */
export function inBursts(size: number, times: readonly number[]): Load {
  return {
    come: (by) => size * times.filter((at) => at <= by).length,
    arrivals: (until) =>
      times
        .filter((at) => at < until)
        .flatMap((at) => Array.from({ length: size }, () => at)),
  };
}

/** Both. */
export function together(one: Load, other: Load): Load {
  return {
    come: (by) => one.come(by) + other.come(by),
    arrivals: (until) =>
      [...one.arrivals(until), ...other.arrivals(until)].sort((a, b) => a - b),
  };
}

/** Jobs that come by chance, on average at this rate; the same for each seed. */
export function byChance(rate: (at: number) => number, seed: number): Load {
  const even = atRate(rate);
  return {
    come: even.come,
    arrivals: (until) => {
      const random = randomNumbers(seed);
      const times: number[] = [];
      let next = -Math.log(random());
      for (let at = 0; at < until; at += 1) {
        while (next <= even.come(at)) {
          times.push(at);
          next -= Math.log(random());
        }
      }
      return times;
    },
  };
}

/** Above 0 and below 1; the same for each seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}

/**
 * The ideal size of the pool at a time: as many workers as the jobs are work that came lately. Lately
 * is within a boot, since nothing shorter can be followed by starting processes, or while a job takes,
 * since so many are in work at once.
 */
export function idealSize(
  load: Load,
  at: number,
  { bootTime, serviceTime, nrMin, nrMax }: Sizing,
): number {
  const window = Math.max(bootTime, serviceTime);
  const came = load.come(at) - load.come(at - window);
  const size = Math.ceil((came * serviceTime) / window - 1e-6);
  return Math.min(Math.max(size, nrMin), nrMax);
}

export interface Sizing {
  bootTime: number;
  serviceTime: number;
  nrMin: number;
  nrMax: number;
}

/** The loads by which an autoscaler is judged, for jobs that take so long; in workers that they keep busy. */
export function namedLoads(serviceTime: number): Record<LoadName, Load> {
  const work =
    (workers: (at: number) => number): ((at: number) => number) =>
    (at) =>
      at < loadsEnd ? workers(at) / serviceTime : 0;
  const calm = 0.5;
  const during = (workers: number) => (at: number) =>
    at >= 1_000 && at < 8_000 ? workers : calm;
  const ramp = (at: number): number =>
    at < 1_000 ? calm : at < 9_000 ? calm + (at - 1_000) * 0.0075 : calm;
  return {
    step: atRate(work(during(7.5))),
    "high step": atRate(work(during(59.5))),
    ramp: atRate(work(ramp)),
    burst: together(atRate(work(() => calm)), inBursts(200, [1_500, 7_000])),
    sawtooth: atRate(work((at) => calm + 20 * ((at % 4_000) / 4_000))),
    diurnal: atRate(
      work((at) => 15 - 14 * Math.cos((at / loadsEnd) * 2 * Math.PI)),
    ),
    chance: byChance(work(during(12)), 3),
  };
}

export const loadNames = [
  "step",
  "high step",
  "ramp",
  "burst",
  "sawtooth",
  "diurnal",
  "chance",
] as const;
export type LoadName = (typeof loadNames)[number];

/** When no more jobs come. */
export const loadsEnd = 12_000;
