import { readFileSync, rmSync } from "node:fs";

import type { OpenOptions } from "../index.js";

/** What a window has of its own, whatever the process that opened it has. */
const ofTheWindow = /^(TERM|TERM_PROGRAM.*|COLORTERM|TMUX|TMUX_PANE)$/;

interface Told {
  options: Omit<OpenOptions, "workerEnv"> & {
    workerEnv: Record<string, string | null>;
  };
  debug: boolean;
  env: Record<string, string>;
}

/**
 * What the instance that opened this window has told it, in a file that nobody else can read and that is
 * removed at once: options, and the environment, which a tmux server does not pass on.
 */
export function readSettings(
  file: string | undefined,
): OpenOptions & { debug: boolean } {
  if (file === undefined) return { debug: false };
  const { options, debug, env } = JSON.parse(
    readFileSync(file, "utf8"),
  ) as Told;
  rmSync(file);
  takeEnvironment(env);
  const workerEnv = Object.fromEntries(
    Object.entries(options.workerEnv).map(([name, value]) => [
      name,
      value ?? undefined,
    ]),
  );
  return { ...options, workerEnv, debug };
}

function takeEnvironment(env: Record<string, string>): void {
  for (const name of Object.keys(process.env)) {
    if (!ofTheWindow.test(name)) Reflect.deleteProperty(process.env, name);
  }
  for (const [name, value] of Object.entries(env)) {
    if (!ofTheWindow.test(name)) process.env[name] = value;
  }
}
