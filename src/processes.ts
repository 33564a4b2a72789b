import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readlinkSync } from "node:fs";

/**
 * When and where a process started, in the system's own words; '' if there is none, or none that can be
 * seen from here. Together with the pid it names one process of this machine, whatever container it is
 * in: pids alone are reused, and each pid namespace counts its own.
 */
export function processStart(pid: number): string {
  if (process.platform === "linux") return linuxStart(pid);
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: "pipe",
    }).trim();
  } catch {
    return ""; // ps exits 1 when there is no such process
  }
}

/** A process as it was recorded. */
export interface ProcessName {
  pid: number;
  /** What `processStart` said of it. */
  pidStart: string;
}

/** Whether it is there, and still the one that was meant: its pid may be somebody else's by now. */
export function lives({ pid, pidStart }: ProcessName): boolean {
  return pidStart !== "" && processStart(pid) === pidStart;
}

/** The number of this thread; 0 where the system does not tell it. */
export function thread(): number {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return 0; // only Linux has it
  }
}

/** Whether this process has that thread, as far as can be told. */
export function threadLives(number: number): boolean {
  return number === 0 || existsSync(`/proc/self/task/${String(number)}`);
}

/** Sends a signal to a process group; false if no process of it is left. */
export function signalGroup(pgid: number, signal: NodeJS.Signals | 0): boolean {
  // 0 and 1 would mean this process's own group, and everybody's.
  return pgid > 1 && signalProcess(-pgid, signal);
}

/** Sends a signal to a process; false if there is none. */
export function signalProcess(
  pid: number,
  signal: NodeJS.Signals | 0,
): boolean {
  try {
    return process.kill(pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ESRCH") return false;
    // EPERM: it, or members of the group, have changed user, or (macOS) are zombies; nothing more can be sent.
    if ((cause as NodeJS.ErrnoException).code === "EPERM") return false;
    throw cause;
  }
}

/** Whether a signal has stopped a process (SIGSTOP, or Ctrl-Z), so that it does nothing until it is continued. */
export function isStopped(pid: number): boolean {
  if (process.platform === "linux") return linuxStat(pid)[0] === "T";
  try {
    const args = ["-o", "state=", "-p", String(pid)];
    return execFileSync("ps", args, { encoding: "utf8", stdio: "pipe" })
      .trim()
      .startsWith("T");
  } catch {
    return false; // ps exits 1 when there is no such process
  }
}

/** Field 22 of proc(5) stat, in clock ticks since boot, the pid namespace, and the boot. */
function linuxStart(pid: number): string {
  const fields = linuxStat(pid);
  const [state, start] = [fields[0], fields[19]];
  if (state === "Z" || state === "X" || start === undefined) return "";
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
  return `${start} ${readlinkSync("/proc/self/ns/pid")} ${boot.trim()}`;
}

/** The fields of proc(5) stat from the third on, which is the state; field 2 may hold blanks and parentheses. */
function linuxStat(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${procName(pid)}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return []; // gone
  }
}

/** Where /proc is that of another pid namespace, its numbers mean other processes; `self` is right everywhere. */
function procName(pid: number): string {
  if (pid === process.pid) return "self";
  const own = readlinkSync("/proc/self") === String(process.pid);
  return own ? String(pid) : "none";
}
