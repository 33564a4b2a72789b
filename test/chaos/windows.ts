import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export interface Window {
  /** As tmux knows it: `@7`. */
  id: string;
  name: string;
  /** Of the program that runs in it: a host of its own. */
  pid: number;
}

/** What the hosts of a history take for their user's tmux server: one of its own. */
export class Windows {
  readonly env: NodeJS.ProcessEnv;
  readonly #folder: string;

  constructor() {
    // Short: it becomes part of the path of a socket.
    this.#folder = mkdtempSync(path.join(tmpdir(), "mt-"));
    const { TMUX: _, TMUX_PANE: __, ...env } = process.env;
    this.env = { ...env, TMUX_TMPDIR: this.#folder };
    process.on("exit", this.end);
  }

  /** Whether there is tmux here. */
  get possible(): boolean {
    try {
      this.#tmux("-V");
      return true;
    } catch {
      return false;
    }
  }

  /** Those whose program runs. */
  list(): Window[] {
    return this.#panes("0");
  }

  /** Those that stay, though their program has ended. */
  remains(): Window[] {
    return this.#panes("1");
  }

  close({ id }: Window): void {
    try {
      this.#tmux("kill-window", "-t", id);
    } catch {
      // It has just closed.
    }
  }

  readonly end = (): void => {
    process.off("exit", this.end);
    try {
      this.#tmux("kill-server");
    } catch {
      // There is none, as there should be.
    }
    rmSync(this.#folder, { recursive: true });
  };

  #panes(dead: "0" | "1"): Window[] {
    const format = "#{pane_dead} #{window_id} #{window_name} #{pane_pid}";
    try {
      const text = this.#tmux("list-panes", "-a", "-F", format);
      const rows = text.split("\n").map((row) => row.split(" "));
      return rows
        .filter(([is]) => is === dead)
        .map(([, id = "", name = "", pid]) => ({ id, name, pid: Number(pid) }));
    } catch {
      return []; // no server, no window
    }
  }

  #tmux(...args: string[]): string {
    const { env } = this;
    return execFileSync("tmux", args, { encoding: "utf8", stdio: "pipe", env });
  }
}
