import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { endAfterTest, temporaryFolder } from "./instance.js";

export interface Program {
  child: ChildProcess;
  /** The lines it has printed so far. */
  lines: string[];
  /** What it wrote to stderr. */
  errors: () => string;
  exit: Promise<{ code: number | null; signal: string | null }>;
}

/**
 * Runs a script as a user's own: in a process of its own, `myjobs` being this package's source; `inside`
 * another command if given. Killed after the test.
 */
export function run(
  source: string,
  args: string[] = [],
  flags: string[] = [],
  inside: string[] = [],
): Program {
  const file = path.join(temporaryFolder(), "user script.mts");
  const index = pathToFileURL(path.resolve("src/index.ts")).href;
  writeFileSync(file, source.replace(`"myjobs"`, JSON.stringify(index)));
  const loader = createRequire(path.resolve("package.json")).resolve("tsx");
  const [command, ...words] = [
    ...inside,
    process.execPath,
    ...flags,
    "--import",
    pathToFileURL(loader).href,
    file,
    ...args,
  ];
  // Jest's own copy of the environment, which tests may change.
  const { env } = process;
  const child = spawn(command!, words, {
    stdio: ["pipe", "pipe", "pipe"],
    env,
  });
  endAfterTest(child);
  child.stdin.on("error", () => undefined); // its exit tells
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
