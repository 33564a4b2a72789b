import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

import { MyJobsError } from "./errors.js";

export interface Program {
  file: string;
  /** Node's own arguments that it needs. */
  execArgv: string[];
}

/**
 * Where the programs of other processes and threads lie: the only file that knows. Beside the bundle they are
 * built; from source they are TypeScript, and are given tsx's loader. A stale build is never used.
 */
export function subprocessProgram(): Program {
  if (!fromSource) {
    const file = beside("subprocess.cjs");
    if (!existsSync(file)) throw new MyJobsError(bundled);
    return { file, execArgv: [] };
  }
  return {
    file: beside("../workers/subprocess.ts"),
    execArgv: loaderFlags(),
  };
}

/** `myjobs` itself, as one would call it. */
export function commandProgram(): Program {
  return fromSource
    ? { file: beside("./cli/main.ts"), execArgv: loaderFlags() }
    : { file: beside("cli/main.js"), execArgv: [] };
}

/** The thread that moves the write-ahead log into the store's file. */
export function checkpointProgram(): string {
  return asItIs("checkpoint.mjs");
}

export function reaperProgram(): string {
  return asItIs("reaper.sh");
}

const bundled =
  "myjobs has been bundled, but its workers run files of its own: mark it as external (esbuild --external:myjobs)";

/** A bundle that is CommonJS has none. */
const here = import.meta.url as string | undefined;

const fromSource =
  existsSync(beside("../workers/subprocess.ts")) &&
  here?.endsWith(".ts") === true;

/** A program that is not built. */
function asItIs(name: string): string {
  return beside(fromSource ? `../workers/${name}` : `workers/${name}`);
}

function loaderFlags(): string[] {
  const loader = createRequire(import.meta.url).resolve("tsx");
  return ["--import", pathToFileURL(loader).href];
}

function beside(relative: string): string {
  if (!here) throw new MyJobsError(bundled);
  return fileURLToPath(new URL(relative, here));
}
