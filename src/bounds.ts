import { OptionError } from "./errors.js";
import { openRules, readValue } from "./options.js";

/** Between which numbers the pool scales its workers. */
export interface Bounds {
  nrMin: number;
  nrMax: number;
}

/** `nrMin` 1, `nrMax` max(10, nrMin), unless given; `nrFixed` stands for both. */
export function readBounds(
  where: string,
  given: {
    nrMin?: number | undefined;
    nrMax?: number | undefined;
    nrFixed?: number | undefined;
  },
  before?: Bounds,
): Bounds {
  if (given.nrFixed !== undefined)
    return { nrMin: given.nrFixed, nrMax: given.nrFixed };
  const nrMin =
    given.nrMin ?? Math.min(before?.nrMin ?? 1, given.nrMax ?? Infinity);
  const nrMax = given.nrMax ?? Math.max(before?.nrMax ?? 10, nrMin);
  if (nrMin > nrMax)
    throw new OptionError(
      where,
      "nrMin",
      nrMin,
      `at most nrMax, which is ${String(nrMax)}`,
    );
  return { nrMin, nrMax };
}

/** One bound, checked against the other. */
export function readBound(
  name: keyof Bounds,
  value: number,
  bounds: Bounds,
): Bounds {
  readValue(name, name, openRules[name], value);
  const checked = { ...bounds, [name]: value };
  if (checked.nrMin <= checked.nrMax) return checked;
  const { nrMin, nrMax } = bounds;
  const expected =
    name === "nrMin"
      ? `at most nrMax, which is ${String(nrMax)}`
      : `at least nrMin, which is ${String(nrMin)}`;
  throw new OptionError(name, name, value, expected);
}
