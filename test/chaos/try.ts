import * as fc from "fast-check";

import { histories } from "./history.js";
import { play } from "./play.js";

/** Plays the history of a seed; gives what was wrong, with the steps and the way to play it again. */
export async function tryHistory(
  seed: number,
  shrink = false,
): Promise<string | undefined> {
  const details = await fc.check(fc.asyncProperty(histories, play), {
    seed,
    numRuns: 1,
    endOnFailure: !shrink,
  });
  if (!details.failed) return undefined;
  const [{ concurrency, steps }] = details.counterexample!;
  return [
    details.errorInstance instanceof Error
      ? details.errorInstance.message
      : String(details.errorInstance),
    `  concurrency ${String(concurrency)}`,
    ...steps.map((step) => `  ${JSON.stringify(step)}`),
    `again: npm run chaos -- --seed ${String(seed)}`,
  ].join("\n");
}
