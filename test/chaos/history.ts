import * as fc from "fast-check";

import { type Kind, kinds } from "./task.js";

/** Numbers choose among what is there when the step's turn comes. */
export type Step =
  | {
      step: "schedule";
      host: number;
      kind: Kind;
      ms: number;
      timeout: number;
      dependencies: number[];
      count: number;
      /** Whether the next step waits for it. */
      patient: boolean;
    }
  | { step: "cancel"; host: number; job: number }
  | { step: "halt" | "kill"; host: number; worker: number }
  | { step: "killChild" | "stopChild" | "continueChild"; worker: number }
  | { step: "killHost" | "freezeHost" | "thawHost" | "check"; host: number }
  | { step: "stopHost"; host: number; graceful: boolean }
  | { step: "openHost"; nrMin: number; nrMax: number; concurrency: number }
  | { step: "scale"; host: number; nrMin: number; nrMax: number }
  | { step: "openWindows"; host: number; nrWorkers: number }
  /** Its program dies, or tmux closes it. */
  | { step: "killWindow" | "closeWindow"; window: number }
  | { step: "rest"; ms: number };

const choice = fc.nat({ max: 99 });
const host = choice;
const worker = choice;
const bounds = fc
  .tuple(fc.nat({ max: 3 }), fc.integer({ min: 1, max: 3 }))
  .map(([nrMin, nrMax]) => ({ nrMin: Math.min(nrMin, nrMax), nrMax }));
/** Jobs that one child runs at a time. */
const concurrency = fc.oneof(
  { weight: 5, arbitrary: fc.constant(1) },
  { weight: 3, arbitrary: fc.constantFrom(2, 4) },
);
const kind = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<Kind>("ok", "nap", "throw") },
  {
    weight: 8,
    arbitrary: fc.constantFrom(...kinds.filter((kind) => kind !== "fatal")),
  },
  { weight: 1, arbitrary: fc.constant<Kind>("fatal") },
);
const named = <const Name extends string>(
  ...names: Name[]
): fc.Arbitrary<Name> => fc.constantFrom(...names);

const schedule = (most: number, kind: fc.Arbitrary<Kind>): fc.Arbitrary<Step> =>
  fc.record({
    step: named("schedule"),
    host,
    kind,
    ms: fc.integer({ min: 1, max: 300 }),
    timeout: fc.constantFrom(0, 0, 150, 5_000),
    dependencies: fc.array(choice, { maxLength: 2 }),
    count: fc.integer({ min: 1, max: most }),
    patient: fc.boolean(),
  });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: schedule(1, kind) },
  { weight: 3, arbitrary: schedule(40, named("ok", "ok", "nap")) },
  { weight: 1, arbitrary: schedule(6, named("crash", "large")) },
  {
    weight: 3,
    arbitrary: fc.record({ step: named("cancel"), host, job: choice }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ step: named("halt", "kill"), host, worker }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      step: named("killChild", "stopChild", "continueChild"),
      worker,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      step: named("killHost", "freezeHost", "thawHost", "check"),
      host,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      step: named("stopHost"),
      host,
      graceful: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(bounds, concurrency)
      .map(([bounds, concurrency]): Step => ({
        step: "openHost",
        ...bounds,
        concurrency,
      })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(host, bounds)
      .map(([host, bounds]): Step => ({ step: "scale", host, ...bounds })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      step: named("openWindows"),
      host,
      nrWorkers: fc.constantFrom(1, 1, 2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      step: named("killWindow", "closeWindow"),
      window: choice,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      step: named("rest"),
      ms: fc.integer({ min: 1, max: 400 }),
    }),
  },
);

export interface History {
  /** Of the hosts that open because there is none, the first among them. */
  concurrency: number;
  steps: readonly Step[];
}

export const histories: fc.Arbitrary<History> = fc.record({
  concurrency,
  steps: fc.array(step, { minLength: 8, maxLength: 24, size: "max" }),
});
