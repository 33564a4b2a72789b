import { describe, expect, test } from "@jest/globals";

import {
  idealSize,
  inBursts,
  type LoadName,
  loadNames,
  loadsEnd,
  namedLoads,
  randomNumbers,
} from "./loads.js";
import { type Course, type Moment, simulate } from "./simulator.js";

const idleTimeout = 1_500;
/** Long enough that all are retired again, however patient the pool has become. */
const duration = loadsEnd + 10 * idleTimeout;
const gradual: readonly LoadName[] = ["ramp", "sawtooth", "diurnal"];
const bounds = [
  { nrMin: 0, nrMax: 100 },
  { nrMin: 4, nrMax: 8 },
  { nrMin: 3, nrMax: 3 },
];
const even = loadNames.filter((name) => name !== "chance");
const cases = [100, 500].flatMap((bootTime) =>
  [20, 300].map((serviceTime) => ({ bootTime, serviceTime })),
);

describe.each(cases)(
  "the autoscaler, where a boot takes $bootTime ms and a job $serviceTime ms,",
  ({ bootTime, serviceTime }) => {
    const loads = namedLoads(serviceTime);

    const courses = new Map<string, Course>();
    const follow = (name: LoadName, pool: (typeof bounds)[number]): Course => {
      const key = JSON.stringify([name, pool]);
      const course =
        courses.get(key) ??
        simulate({
          ...pool,
          bootTime,
          idleTimeout,
          duration,
          load: loads[name],
          serviceTime: () => serviceTime,
        });
      courses.set(key, course);
      return course;
    };

    describe.each(bounds)("between $nrMin and $nrMax workers", (pool) => {
      const ideal = (name: LoadName, at: number): number =>
        idealSize(loads[name], at, { ...pool, bootTime, serviceTime });

      test.each(even)(
        "has the ideal number up within two boot times, whatever the load (%s), once a first job has ended",
        (name) => {
          const course = follow(name, pool);
          const tolerance = gradual.includes(name) ? 1 : 0;
          const late: object[] = [];
          eachMillisecond(course.moments, (at, { up }) => {
            const before = at - 2 * bootTime;
            if (before <= course.firstEnd) return;
            const wanted = ideal(name, before);
            if (up < wanted - tolerance) late.push({ at, up, wanted });
          });
          expect(late).toEqual([]);
        },
      );

      test.each(even)(
        "never has more than one above the ideal number, once a first job has ended (%s)",
        (name) => {
          const course = follow(name, pool);
          const above: object[] = [];
          let most = 0;
          eachMillisecond(course.moments, (at, { workers }) => {
            // What it had by doubling it keeps until that is idle for long.
            most = Math.max(most, ideal(name, at));
            if (at <= course.firstEnd) most = Math.max(most, workers - 1);
            else if (workers > most + 1) above.push({ at, workers, most });
          });
          expect(above).toEqual([]);
        },
      );

      test.each(loadNames)(
        "does not flap, keeps its bounds, retires nobody that is busy, and goes back to nrMin (%s)",
        (name) => {
          const course = follow(name, pool);
          expect(flaps(course)).toEqual([]);
          expect(course.shrunkBusy).toBe(0);
          const sizes = course.moments.map(({ workers }) => workers);
          expect(Math.min(...sizes)).toBeGreaterThanOrEqual(pool.nrMin);
          expect(Math.max(...sizes)).toBeLessThanOrEqual(pool.nrMax);
          const last = course.moments.at(-1)!;
          // Few workers are not done yet with what many would have done.
          if (last.ready === 0) expect(last.workers).toBe(pool.nrMin);
          else expect(last.workers).toBe(pool.nrMax);
        },
      );

      test.each(loadNames)(
        "at most doubles, once in a boot time, until a first job has ended (%s)",
        (name) => {
          const { scalings, firstEnd } = follow(name, pool);
          const first = scalings.filter(({ at }) => at < firstEnd);
          first.forEach(({ at, from, to }, index) => {
            expect(to).toBeLessThanOrEqual(Math.max(2 * from, 1, pool.nrMin));
            const before = first[index - 1]?.at ?? -Infinity;
            expect(at - before).toBeGreaterThanOrEqual(bootTime - 0.001);
          });
        },
      );
    });

    test("follows jobs that come by chance without many more workers than these keep busy", () => {
      const { moments } = follow("chance", { nrMin: 1, nrMax: 100 });
      const most = Math.max(...moments.map(({ workers }) => workers));
      // 12 on average; it is the queue's nature that a few more are busy now and then.
      expect(most).toBeLessThanOrEqual(12 + 3 * Math.sqrt(12) + 1);
    });
  },
);

test("a pool that some jobs hold for very long starts others for the short ones", () => {
  const { waits } = simulate({
    nrMin: 4,
    nrMax: 12,
    bootTime: 100,
    idleTimeout,
    duration: 8_000,
    load: inBursts(
      5,
      Array.from({ length: 100 }, (_, nr) => nr * 50),
    ),
    // Five among the first 100 take a minute: more than there are workers at that time.
    serviceTime: (nr) => (nr < 100 && nr % 20 === 9 ? 60_000 : 5),
  });
  expect(waits).toHaveLength(500);
  expect(Math.max(...waits)).toBeLessThan(1_000);
});

test("durations mixed from 0.1 ms to 5 s are done in nearly the time that ideal scheduling takes", () => {
  const random = randomNumbers(7);
  const durations = Array.from(
    { length: 1_000 },
    () => 0.1 * 50_000 ** random(),
  );
  const { makespan, waits } = simulate({
    nrMin: 1,
    nrMax: 16,
    bootTime: 100,
    idleTimeout,
    duration: 1_000_000,
    load: inBursts(durations.length, [0]),
    serviceTime: (nr) => durations[nr]!,
  });
  expect(waits).toHaveLength(durations.length);
  const free = Array.from({ length: 16 }, () => 0);
  for (const one of durations) {
    free.sort((a, b) => a - b);
    free[0]! += one;
  }
  expect(makespan).toBeLessThan(1.1 * Math.max(...free));
});

function eachMillisecond(
  moments: readonly Moment[],
  look: (at: number, moment: Moment) => void,
): void {
  let index = 0;
  for (let at = 0; at <= loadsEnd; at += 1) {
    while (moments[index + 1] !== undefined && moments[index + 1]!.at <= at)
      index += 1;
    look(at, moments[index]!);
  }
}

/** Shrinking within an idle timeout of growing, and growing again for the second time in one. */
function flaps({ scalings }: Course): object[] {
  const found: object[] = [];
  let grownAt = -Infinity;
  let regrownAt = -Infinity;
  scalings.forEach(({ at, from, to }, index) => {
    const before = scalings[index - 1];
    if (to < from) {
      if (at - grownAt < idleTimeout) found.push({ at, from, to });
      return;
    }
    grownAt = at;
    if (before === undefined || before.to > before.from) return;
    if (at - regrownAt < idleTimeout) found.push({ at, from, to });
    regrownAt = at;
  });
  return found;
}
