import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, afterEach, beforeAll, expect } from "@jest/globals";

import { until } from "./until.js";

/** For the tests of a file: the "user's own" tmux server is a fresh one, in which nothing may be left behind. */
export function ownTmuxServer(): void {
  const before = process.env;
  let folder = "";

  beforeAll(() => {
    try {
      tmux("-V");
    } catch (cause) {
      throw new Error(
        "these tests need tmux (Debian: apt-get install tmux; macOS: brew install tmux)",
        { cause },
      );
    }
    // Short: it becomes part of the path of a socket.
    folder = mkdtempSync(path.join(tmpdir(), "mt-"));
    process.env = { ...before, TMUX_TMPDIR: folder };
    delete process.env.TMUX;
    delete process.env.TMUX_PANE;
  });

  afterEach(async () => {
    const left = sessions();
    if (left.length > 0) tmux("kill-server");
    await until("the tmux server is gone", () => sessions().length === 0);
    expect(left).toEqual([]);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
    process.env = before;
  });
}

export function tmux(...args: string[]): string {
  // Jest's own copy of the environment, which is what the tests change.
  const { env } = process;
  return execFileSync("tmux", args, { encoding: "utf8", stdio: "pipe", env });
}

/** The names of the sessions; none without a server. */
export function sessions(): string[] {
  try {
    return lines(tmux("list-sessions", "-F", "#{session_name}"));
  } catch {
    return [];
  }
}

/** The names of all windows, in order. */
export function windows(): string[] {
  try {
    return lines(tmux("list-windows", "-a", "-F", "#{window_name}")).sort();
  } catch {
    return [];
  }
}

/** What a window shows. */
export function shown(window: string): string {
  return tmux(
    "capture-pane",
    "-p",
    "-J",
    "-t",
    `=${sessions()[0]!}:=${window}`,
  );
}

/** The pid of the program in a window. */
export function programOf(window: string): number {
  const format = "#{window_name} #{pane_pid}";
  const rows = lines(tmux("list-panes", "-a", "-F", format));
  const row = rows.find((one) => one.startsWith(`${window} `));
  return Number(row?.split(" ")[1] ?? 0);
}

function lines(text: string): string[] {
  return text.split("\n").filter(Boolean);
}
