import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
} from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

/** Makes the package in a new folder, of a copy of the sources: a build in the checkout may be in use. */
export async function pack(root: string, folder: string): Promise<string> {
  mkdirSync(folder);
  for (const name of sources) {
    const from = path.join(root, name);
    if (!existsSync(from)) continue;
    cpSync(from, path.join(folder, name), { recursive: true });
  }
  const modules = "node_modules";
  symlinkSync(path.join(root, modules), path.join(folder, modules));
  await run("npm", ["pack"], folder, limit);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  return path.join(folder, String(tarball));
}

const sources = [
  "package.json",
  "tsconfig.json",
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
  "docs",
  "src",
  "workers",
];

/** Milliseconds; it builds. */
const limit = 80_000;

export interface Output {
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, unaware of what started it; rejects if it fails, or does not end within so many milliseconds. */
export async function run(
  program: string,
  args: string[],
  cwd: string,
  timeout: number,
): Promise<Output> {
  const {
    JEST_WORKER_ID: _worker,
    NODE_ENV: _mode,
    NODE_OPTIONS: _options,
    ...env
  } = process.env;
  try {
    return await promisify(execFile)(program, args, {
      cwd,
      env,
      timeout,
      killSignal: "SIGKILL",
      maxBuffer: 2 ** 26,
    });
  } catch (cause) {
    const { killed, stdout, stderr } = cause as Output & { killed: boolean };
    const how = killed ? `did not exit within ${String(timeout)} ms` : "failed";
    const command = [path.basename(program), ...args].join(" ");
    throw new Error(`${command} ${how}:\n${stdout}${stderr}`, { cause });
  }
}
