import { execFile } from "node:child_process";

import { sleep } from "../clock.js";
import { TmuxError } from "../errors.js";

/** Right after a server has ended, the next one can fail to start. */
const passing = /server exited|lost server/;
const tries = 5;
/** Milliseconds between them. */
const pause = 100;
/** A server that has not answered by then, in milliseconds, hangs. */
const timeout = 10_000;

/** Runs a tmux command in the user's own server, and gives what it prints. */
export async function tmux(...args: readonly string[]): Promise<string> {
  for (let left = tries; ; left -= 1) {
    try {
      return await run(args);
    } catch (cause) {
      const again =
        left > 1 && cause instanceof TmuxError && passing.test(cause.output);
      if (!again) throw cause;
      await sleep(pause);
    }
  }
}

/** Whether tmux said no because there is no such server, session, window or pane. */
export function isAbsent(cause: unknown): boolean {
  return (
    cause instanceof TmuxError &&
    /no server running|error connecting|can't find|no current/.test(
      cause.output,
    )
  );
}

/** As tmux shall read it: a semicolon at the end of a word would end the command. */
export function word(text: string): string {
  return text.endsWith(";") ? `${text.slice(0, -1)}\\;` : text;
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    // No shell: each argument arrives as it is. And in our own folder, which becomes the window's.
    execFile(
      "tmux",
      args,
      { env: process.env, timeout },
      (cause, stdout, stderr) => {
        if (cause === null) resolve(stdout);
        else reject(refusal(args, cause, stderr.trim()));
      },
    );
  });
}

function refusal(
  args: readonly string[],
  cause: Error & { code?: unknown },
  output: string,
): TmuxError {
  const command = ["tmux", ...args];
  if (cause.code === "ENOENT") {
    const cure =
      "install it (Debian: apt-get install tmux; macOS: brew install tmux), or use workersSubprocessStart()";
    return new TmuxError(`tmux is not installed: ${cure}`, command, output, {
      cause,
    });
  }
  const why = output === "" ? cause.message : output;
  return new TmuxError(
    `tmux refuses ${args[0] ?? ""}: ${why}`,
    command,
    output,
    {
      cause,
    },
  );
}
