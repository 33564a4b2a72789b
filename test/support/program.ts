import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { temporaryFolder } from "./instance.js";

export interface Program {
  child: ChildProcess;
  /** The lines it has printed so far. */
  lines: string[];
  /** What it wrote to stderr. */
  errors: () => string;
  exit: Promise<{ code: number | null; signal: string | null }>;
}

/**
 * Runs a script as a user's own: in a process of its own, `myjobs` being this package's source.
 * `by`: a command that runs what follows it.
 */
export function run(
  source: string,
  args: string[] = [],
  flags: string[] = [],
  by: string[] = [],
): Program {
  const file = path.join(temporaryFolder(), "user script.mts");
  const index = pathToFileURL(path.resolve("src/index.ts")).href;
  writeFileSync(file, source.replace(`"myjobs"`, JSON.stringify(index)));
  const loader = createRequire(path.resolve("package.json")).resolve("tsx");
  const node = [process.execPath, ...flags];
  const load = ["--import", pathToFileURL(loader).href];
  const [command = "", ...words] = [...by, ...node, ...load, file, ...args];
  const child = spawn(
    command,
    words,
    // Jest's own copy of the environment, which tests may change.
    { stdio: ["ignore", "pipe", "pipe"], env: process.env },
  );
  const lines: string[] = [];
  let rest = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const exit = new Promise<{ code: number | null; signal: string | null }>(
    (resolve) => {
      child.once("close", (code, signal) => resolve({ code, signal }));
    },
  );
  return { child, lines, errors: () => errors, exit };
}
