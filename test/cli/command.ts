import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { temporaryFolder } from "../support/instance.js";

const loader = createRequire(path.resolve("package.json")).resolve("tsx");
const program = path.resolve("src/cli/main.ts");

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Command {
  child: ChildProcessWithoutNullStreams;
  stdout: () => string;
  stderr: () => string;
  ended: Promise<Ended>;
}

/** A folder of a user, in which commands are started. */
export class Place {
  readonly folder = temporaryFolder();
  /** Added to the environment. */
  readonly env: Record<string, string> = {};
  /** Where what it prints goes, if the test is not to read it. */
  stdout: number | "pipe" = "pipe";

  /** Starts `myjobs` as it lies in this checkout. */
  start(...args: string[]): Command {
    const child = spawn(
      process.execPath,
      ["--import", pathToFileURL(loader).href, program, ...args],
      {
        cwd: this.folder,
        env: { ...process.env, ...this.env },
        stdio: ["pipe", this.stdout, "pipe"],
      },
    ) as ChildProcessWithoutNullStreams;
    let stdout = "";
    let stderr = "";
    if (this.stdout === "pipe")
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    // A command that has ended takes no more input.
    child.stdin.on("error", () => undefined);
    const ended = new Promise<Ended>((resolve) => {
      child.once("close", (code) => resolve({ code, stdout, stderr }));
    });
    return { child, stdout: () => stdout, stderr: () => stderr, ended };
  }

  /** Runs it to its end, with this on its stdin. */
  run(args: string[], stdin = ""): Promise<Ended> {
    const { child, ended } = this.start(...args);
    child.stdin.end(stdin);
    return ended;
  }

  write(name: string, content: string): void {
    const file = this.path(name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  /** The lines of a file; none if there is no such file yet. */
  lines(name: string): string[] {
    try {
      return readFileSync(this.path(name), "utf8").split("\n").slice(0, -1);
    } catch {
      return [];
    }
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }
}

/** A folder with `actions.ts`: functions to map, some of which leave a line in `done` at their very end. */
export function placeWithActions(): Place {
  const place = new Place();
  place.write("actions.ts", actions);
  return place;
}

/** The objects that `--json` has printed, by input. */
export function byInput(stdout: string): Record<string, unknown> {
  const lines = stdout.split("\n").slice(0, -1);
  const entries = lines.map((line) => {
    const { input, ...rest } = JSON.parse(line) as { input: string };
    return [input, rest] as const;
  });
  return Object.fromEntries(entries);
}

export function fill(count: number, prefix = "n"): string[] {
  return Array.from({ length: count }, (_, nr) => `${prefix}${String(nr)}`);
}

const actions = `
  import { appendFileSync, existsSync, readFileSync } from "node:fs";

  export const upper = ({ input }: { input: string }) => input.toUpperCase();

  export const size = ({ input }: { input: string }) => ({ size: readFileSync(input).length, input });

  export async function slowly({ input }: { input: string }) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    appendFileSync("done", input + "\\n");
    return input.length;
  }

  export function noted({ input }: { input: string }) {
    appendFileSync("done", input + "\\n");
    if (existsSync("refuse") && input.endsWith("3")) throw new RangeError("no threes");
    return 1;
  }

  export function stubborn() {
    appendFileSync("pids", process.pid + "\\n");
    while (existsSync("hang"));
    return "free";
  }

  export const settings = { upper };
`;
