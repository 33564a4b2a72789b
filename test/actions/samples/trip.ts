import { isDeepStrictEqual } from "node:util";

import { Capturer } from "../../../src/actions/capture.js";
import { checked } from "../../../src/actions/origin.js";
import { restore } from "../../../src/actions/restore.js";

/**
 * A program: takes a compiled file of the samples, sends each function through an action's row, and prints
 * how each fared as JSON: 'same', 'refused: ...', or what was wrong.
 */
const samples = (await import(process.argv[2] ?? "")) as Record<
  string,
  unknown
>;
const module = (samples["default"] ?? samples) as Record<string, unknown>;
const functions = { ...module, ...(module["holder"] as object) } as Record<
  string,
  unknown
>;
const capturer = new Capturer();
const fates: Record<string, string> = {};
for (const [name, [kwargs, result]] of Object.entries(
  module["calls"] as Record<string, [object, unknown]>,
)) {
  fates[name] = await fate(functions[name], kwargs, result);
}
process.stdout.write(JSON.stringify(fates));

async function fate(
  fn: unknown,
  kwargs: object,
  expected: unknown,
): Promise<string> {
  const direct: unknown = await (fn as (...args: unknown[]) => unknown)(
    structuredClone(kwargs),
    {},
  );
  if (!isDeepStrictEqual(direct, expected))
    return `the sample itself gives ${JSON.stringify(direct)}`;
  let action;
  try {
    action = await capturer.capture(fn, "schedule");
  } catch (error) {
    return `refused: ${(error as Error).message}`;
  }
  try {
    const restored = await restore(checked(action));
    const given = await restored.call(structuredClone(kwargs), {});
    return isDeepStrictEqual(given, expected)
      ? "same"
      : `gives ${JSON.stringify(given)}`;
  } catch (error) {
    return String((error as Error).stack);
  }
}
