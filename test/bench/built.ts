import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import type { MyJobs, OpenOptions } from "../../src/index.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
export const index = path.join(root, "dist/index.js");

/** Opens the package as it is installed: built, its children without the loader of TypeScript. */
export async function openBuilt(options: OpenOptions): Promise<MyJobs> {
  build();
  const built = (await import(
    pathToFileURL(index).href
  )) as typeof import("../../src/index.js");
  return built.MyJobs.open({ workerExecArgv: [], ...options });
}

/** Builds the package, unless the build is younger than its sources. */
export function build(): void {
  const changed = ["src", "workers"].flatMap((folder) =>
    readdirSync(path.join(root, folder), {
      recursive: true,
      encoding: "utf8",
    }).map((name) => statSync(path.join(root, folder, name)).mtimeMs),
  );
  const builtAt =
    statSync(index, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
  if (builtAt < Math.max(...changed))
    execFileSync("npm", ["run", "build", "--silent"], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
    });
}

/** A program beside the benchmarks. */
export function program(name: string): string {
  return fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
}

/** Runs something with a folder of its own, that is removed after it. */
export async function inFolder<T>(
  run: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "myjobs-bench-"));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
