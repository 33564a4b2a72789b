import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { descendants } from "./instance.js";

/** Runs what follows in a pid namespace of its own, and ends all that is in it when it is killed itself. */
const unshare =
  process.getuid!() === 0
    ? ["unshare", "--pid", "--fork", "--kill-child"]
    : [
        "unshare",
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--kill-child",
      ];

/** Not as the first process there, with whose end all others of the namespace end: this stays if it fails. */
const notFirst = ["sh", "-c", '"$@" || sleep 1000', "sh"];

/** A command that runs another in a pid namespace of its own. */
export function apart(mountProc = true): string[] {
  const command = [...unshare, ...(mountProc ? ["--mount-proc"] : [])];
  const { status, stderr, error } = spawnSync(
    command[0]!,
    [...command.slice(1), "true"],
    { encoding: "utf8" },
  );
  if (status !== 0) {
    const reason = error?.message ?? stderr.trim();
    throw new Error(
      `this test needs pid namespaces: run it as root, or where users may have namespaces of their own (${command.join(" ")}: ${reason})`,
    );
  }
  return [...command, ...notFirst];
}

/** The pid here of a process that is `pid` in the namespace below a command. */
export function pidHere(command: number, pid: number): number {
  const here = descendants(command).find((one) => pidThere(one) === pid);
  // 0 would mean this very process group.
  if (here === undefined)
    throw new Error(`no process below ${String(command)} is ${String(pid)}`);
  return here;
}

function pidThere(pid: number): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, "utf8");
    return Number(/^NSpid:.*\t(\d+)$/m.exec(status)?.[1]);
  } catch {
    return 0; // gone since it was listed
  }
}
