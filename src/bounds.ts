import { OptionError } from "./errors.js";
import { openRules, readValue } from "./options.js";

/** Between which numbers the pool scales its workers. */
export interface Bounds {
  nrMin: number;
  nrMax: number;
}

/** Those that are not given stay as they were before, at first `nrMin` 1, `nrMax` max(10, nrMin); `nrFixed` stands for both. */
export function readBounds(
  where: string,
  given: {
    nrMin?: number | undefined;
    nrMax?: number | undefined;
    nrFixed?: number | undefined;
  },
  before?: Bounds,
): Bounds {
  const { nrFixed } = given;
  if (nrFixed !== undefined) {
    if (given.nrMin === undefined && given.nrMax === undefined)
      return { nrMin: nrFixed, nrMax: nrFixed };
    const expected = "to stand alone: it is nrMin and nrMax in one";
    throw new OptionError(where, "nrFixed", nrFixed, expected);
  }
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
