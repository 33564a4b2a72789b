import { createHash } from "node:crypto";
import path from "node:path";

import { TmuxError } from "../errors.js";
import { isAbsent, tmux, word } from "./tmux.js";

/** Columns and lines of a window that nobody has attached to yet. */
const size = ["-x", "200", "-y", "50"];

export interface Window {
  /** As tmux knows it: `@7`. */
  id: string;
  /** Its first pane, in which the command runs: `%9`. */
  pane: string;
}

/** The detached session of a store, in the user's own tmux server. */
export class Session {
  readonly name: string;

  /** `store` is the store's absolute path: another store, another session. */
  constructor(store: string) {
    // tmux reads `.` and `:` in names, and `#`: what is left of the file's name is for people, the digest tells stores apart.
    const stem = path.parse(store).name.replace(/[^A-Za-z0-9_-]+/g, "-");
    const digest = createHash("sha256").update(store).digest("hex");
    this.name = `myjobs-${stem.slice(0, 24)}-${digest.slice(0, 8)}`;
  }

  /** Opens a window that runs a command, and that stays with what it printed should it end: until `release`. */
  async open(name: string, command: readonly string[]): Promise<Window> {
    await this.close(name);
    const printed = await this.#create(name, command);
    const [id = "", pane = ""] = printed.trim().split(" ");
    return { id, pane };
  }

  /** What a command that has ended printed; undefined while it runs. */
  async ended({ pane }: Window): Promise<string | undefined> {
    try {
      const format = "#{pane_dead}";
      const dead = await tmux("display-message", "-p", "-t", pane, format);
      // A pane that is not there is told as an empty line.
      if (dead.trim() === "0") return undefined;
      const all = ["-p", "-J", "-S", "-"];
      const text = await tmux("capture-pane", ...all, "-t", pane);
      return text.replace(/^Pane is dead.*$/m, "").trim();
    } catch (cause) {
      if (isAbsent(cause)) return "";
      throw cause;
    }
  }

  /** From now on the window closes when its command ends. */
  async release({ id }: Window): Promise<void> {
    await tmux("set-option", "-w", "-t", id, "remain-on-exit", "off");
  }

  /** The ids of the windows of that name, of which there may be none. */
  async find(name: string): Promise<string[]> {
    try {
      const format = "#{window_id} #{window_name}";
      const session = `=${this.name}`;
      const rows = await tmux("list-windows", "-t", session, "-F", format);
      return rows
        .split("\n")
        .filter((row) => row.endsWith(` ${name}`))
        .map((row) => row.split(" ", 1)[0]!);
    } catch (cause) {
      if (isAbsent(cause)) return [];
      throw cause;
    }
  }

  async close(name: string): Promise<void> {
    for (const id of await this.find(name)) {
      try {
        await tmux("kill-window", "-t", id);
      } catch (cause) {
        if (!isAbsent(cause)) throw cause;
      }
    }
  }

  /** In the session, or in a new one; another process may be making it, or its last window may just be closing. */
  async #create(name: string, command: readonly string[]): Promise<string> {
    const ask = ["-d", "-P", "-F", "#{window_id} #{pane_id}", "-n", name];
    const run = ["--", ...command.map(word)];
    const stay = this.#stay(name);
    for (let left = 5; ; left -= 1) {
      try {
        const target = ["-t", `=${this.name}:`];
        return await tmux("new-window", ...ask, ...target, ...run, ...stay);
      } catch (cause) {
        if (!isAbsent(cause)) throw cause;
      }
      try {
        const made = ["-s", this.name, ...size];
        return await tmux("new-session", ...ask, ...made, ...run, ...stay);
      } catch (cause) {
        if (left === 0 || !isDuplicate(cause)) throw cause;
      }
    }
  }

  /** In the same breath, so that a command that ends at once leaves its words. Whatever the user's own settings are. */
  #stay(name: string): string[] {
    const session = ["-t", `=${this.name}:`];
    const window = ["-w", "-t", `=${this.name}:=${name}`];
    return [
      ...[";", "set-option", ...session, "destroy-unattached", "off"],
      ...[";", "set-option", ...window, "remain-on-exit", "on"],
      ...[";", "set-option", ...window, "automatic-rename", "off"],
      ...[";", "set-option", ...window, "allow-rename", "off"],
    ];
  }
}

function isDuplicate(cause: unknown): boolean {
  return cause instanceof TmuxError && cause.output.includes("duplicate");
}
