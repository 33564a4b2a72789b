import { existsSync } from "node:fs";
import path from "node:path";
import type { Readable } from "node:stream";

import { glob, isPattern } from "./glob.js";
import { lines } from "./lines.js";
import { UsageError } from "./usage.js";

/** Where the inputs come from; none of it is held in memory. */
export interface Inputs {
  read(signal: AbortSignal): AsyncGenerator<string>;
  /** How many there are, if that can be told before they are read. */
  count?(signal: AbortSignal): Promise<number>;
}

/** `-` alone is the lines of the stream; else each is a path, or a pattern which must match a file. */
export async function readInputs(
  given: readonly string[],
  stream: Readable,
  isInput: (path: string) => boolean,
): Promise<Inputs> {
  if (given.length === 1 && given[0] === "-")
    return { read: (signal) => lines(stream, signal) };
  for (const one of given) await check(one, isInput);
  const read = (): AsyncGenerator<string> => files(given, isInput);
  return { read, count: (signal) => count(read(), signal) };
}

/** The store may lie where the inputs lie: it is none of them. */
export function isNotStore(store: string): (path: string) => boolean {
  const file = path.resolve(store);
  return (input) => {
    const resolved = path.resolve(input);
    return resolved !== file && !resolved.startsWith(`${file}-`);
  };
}

async function check(
  one: string,
  isInput: (path: string) => boolean,
): Promise<void> {
  if (one === "-")
    throw new UsageError("'-' (the lines of stdin) must be the only input");
  for await (const _ of files([one], isInput)) return;
  throw new UsageError(
    isPattern(one)
      ? `no file matches '${one}'`
      : `there is no file '${one}' (what is no file comes by stdin: -)`,
  );
}

async function* files(
  given: readonly string[],
  isInput: (path: string) => boolean,
): AsyncGenerator<string> {
  for (const one of given) {
    // A file may be called what looks like a pattern.
    if (existsSync(one)) yield one;
    else if (isPattern(one))
      for await (const file of glob(one)) if (isInput(file)) yield file;
  }
}

async function count(
  inputs: AsyncIterable<string>,
  signal: AbortSignal,
): Promise<number> {
  let counted = 0;
  for await (const _ of inputs) {
    signal.throwIfAborted();
    counted += 1;
  }
  return counted;
}
