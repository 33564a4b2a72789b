import { createHash } from "node:crypto";

import type { Target } from "./target.js";

/** The longest name that a job may have. */
const longest = 1_000;

/**
 * The category of a run's jobs. The same command in the same folder gives the same one, which is how
 * a run that was stopped finds its jobs again.
 */
export function categoryOf(
  { module, method }: Target,
  inputs: readonly string[],
  folder: string,
): string {
  const hash = sha256(JSON.stringify([module.href, method, folder, inputs]));
  return `map ${method} ${hash.toString("hex", 0, 8)}`.slice(-longest);
}

/** What the job of an input is called: the input, if it can be a name. */
export function nameOf(input: string): string {
  const fits =
    input.length <= longest && !input.includes("\0") && input.isWellFormed();
  return fits ? input : `sha256:${sha256(input).toString("hex")}`;
}

/** Stands for an input in 12 characters. */
export function digestOf(input: string): string {
  return sha256(input).toString("latin1", 0, 12);
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
