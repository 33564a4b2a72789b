import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { pack, run } from "../support/pack.js";
import type { Sample, Samples } from "./tool.js";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "../..");

/** A project in which the package is installed, from what `npm pack` makes, and beside it the tools. */
export class Project {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is installed there already is kept, but for the package itself. */
  async install(): Promise<void> {
    for (const name of ["package.json", "package-lock.json"]) {
      const from = path.join(here, name);
      if (existsSync(from)) cpSync(from, path.join(this.#folder, name));
    }
    const flags = ["--ignore-scripts", "--prefer-offline", "--no-audit"];
    if (!existsSync(path.join(this.#folder, "node_modules")))
      await run("npm", ["ci", ...flags], this.#folder, limit);
    const source = path.join(this.#folder, ".pack");
    rmSync(source, { recursive: true, force: true });
    const tarball = await pack(root, source);
    const install = ["install", ...flags, "--no-save", tarball];
    await run("npm", install, this.#folder, limit);
    // To compile it takes more than a minute, and is not what is tried here.
    const native = path.join(this.#folder, "node_modules/better-sqlite3");
    rmSync(native, { recursive: true, force: true });
    symlinkSync(path.join(root, "node_modules/better-sqlite3"), native);
  }

  async samples(): Promise<Samples> {
    const { resolve } = createRequire(path.join(this.#folder, "package.json"));
    const url = pathToFileURL(resolve("ts-blank-space")).href;
    const { default: blank } = (await import(url)) as {
      default: (text: string) => string;
    };
    const typed = (name: Sample): string =>
      readFileSync(path.join(here, "samples", `${name}.ts`), "utf8");
    const runner = readFileSync(path.join(here, "samples/runner.js"), "utf8");
    return { typed, plain: (name) => blank(typed(name)), runner };
  }

  /** Runs Node in a folder of its own that holds these files, and reads the first of the files that it may leave there. */
  async leaves(
    left: readonly string[],
    name: string,
    files: Record<string, string>,
    runs: string[][],
  ): Promise<string> {
    const folder = path.join(
      this.#folder,
      name.replace(/[^\w-]+/g, "-").toLowerCase(),
    );
    rmSync(folder, { recursive: true, force: true });
    for (const [inner, text] of Object.entries(files)) {
      const to = path.join(folder, inner);
      mkdirSync(path.dirname(to), { recursive: true });
      writeFileSync(to, text);
    }
    const find = (): string | undefined =>
      left.map((file) => path.join(folder, file)).find(existsSync);
    for (const args of runs) {
      try {
        const told = await run(process.execPath, args, folder, limit);
        const output = told.stdout + told.stderr;
        if (held.test(output)) throw new Error(`is held:\n${output}`);
      } catch (error) {
        // A runner with tests that failed tells of them in its report.
        if (!find()?.endsWith("results.json") || isHeld(error)) throw error;
      }
    }
    return readFileSync(find() ?? "", "utf8");
  }
}

/** What a test runner writes if something holds it, or was left behind. */
const held = /did not exit|failed to exit|close timed out|prevents the/i;

function isHeld(error: unknown): boolean {
  return /is held:|did not exit within/.test(String(error));
}

/** Milliseconds after which a program has not ended by itself. */
const limit = 180_000;
