import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";

export interface Program {
  file: string;
  /** Node's own arguments that it needs. */
  execArgv: string[];
}

/**
 * Where the programs of the other processes lie: the only file that knows. Beside the bundle they are
 * built; from source they are TypeScript, and are given tsx's loader. A stale build is never used.
 */
export function subprocessProgram(): Program {
  if (!fromSource)
    return { file: beside("workers/subprocess.js"), execArgv: [] };
  return {
    file: beside("../../workers/subprocess.ts"),
    execArgv: loaderFlags(),
  };
}

/** `myjobs` itself, as one would call it. */
export function commandProgram(): Program {
  return fromSource
    ? { file: beside("../cli/main.ts"), execArgv: loaderFlags() }
    : { file: beside("cli/main.js"), execArgv: [] };
}

export function reaperProgram(): string {
  return beside(fromSource ? "../../workers/reaper.sh" : "workers/reaper.sh");
}

/** How many children may boot at once: more would only slow each other. */
export const bootsAtOnce = Math.max(2, availableParallelism());

const fromSource =
  existsSync(beside("../../workers/subprocess.ts")) &&
  import.meta.url.endsWith(".ts");

function loaderFlags(): string[] {
  const loader = createRequire(import.meta.url).resolve("tsx");
  return ["--import", pathToFileURL(loader).href];
}

function beside(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
