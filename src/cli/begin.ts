import { mkdir } from "node:fs/promises";
import path from "node:path";

import { MyJobs, OptionError } from "../index.js";
import { categoryOf } from "./identity.js";
import { type Inputs, isNotStore, readInputs } from "./inputs.js";
import { checkTarget, readTarget, type Target } from "./target.js";
import { plain, UsageError } from "./usage.js";

export interface MapOptions {
  store: string;
  nrMin?: number;
  nrMax?: number;
  timeout?: number;
  json?: true;
  report?: true;
  fresh?: true;
  retryFailed?: true;
}

export interface Run {
  myjobs: MyJobs;
  target: Target;
  category: string;
  inputs: Inputs;
}

/** Checks all that was given, then opens the store; what is wrong throws before anything has been done. */
export async function begin(
  spec: string,
  given: readonly string[],
  options: MapOptions,
): Promise<Run> {
  const folder = process.cwd();
  const target = readTarget(spec, folder);
  const { store } = options;
  const inputs = await readInputs(given, process.stdin, isNotStore(store));
  await checkTarget(target);
  const category = categoryOf(target, given, folder);
  const myjobs = await open(category, options);
  try {
    await forget(myjobs, category, options);
  } catch (cause) {
    await myjobs.stop();
    throw cause;
  }
  return { myjobs, target, category, inputs };
}

async function open(category: string, options: MapOptions): Promise<MyJobs> {
  const { store, nrMin, nrMax, timeout } = options;
  const isFile = store !== ":memory:" && !/^\w+:\/\//.test(store);
  try {
    if (isFile) await mkdir(path.dirname(store), { recursive: true });
    return await MyJobs.open({
      store,
      categories: [category],
      ...(nrMin === undefined ? {} : { nrMin }),
      ...(nrMax === undefined ? {} : { nrMax }),
      // Not each job's own: it holds for those of an earlier run too.
      ...(timeout === undefined ? {} : { workerTimeout: timeout }),
    });
  } catch (cause) {
    if (!(cause instanceof OptionError)) throw cause;
    throw new UsageError(plain(cause));
  }
}

async function forget(
  { jobs }: MyJobs,
  category: string,
  { fresh, retryFailed }: MapOptions,
): Promise<void> {
  if ((await jobs.count({ category, state: "RUNNING" })) > 0)
    throw new UsageError("the same run is going on in another process");
  if (fresh) await jobs.delete({ category });
  if (retryFailed) await jobs.delete({ category, state: "ERROR" });
}
