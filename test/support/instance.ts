import { type ChildProcess, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, expect } from "@jest/globals";

import { MyJobs, type OpenOptions } from "../../src/index.js";
import { until } from "./until.js";

const opened: MyJobs[] = [];
const folders: string[] = [];
const children: ChildProcess[] = [];
const endings: (() => void)[] = [];

/** Does it after the test, before what the test has opened is stopped. */
export function afterTest(ending: () => void): void {
  endings.push(ending);
}

/** A process of a user's, killed after the test if it still runs then. */
export function endAfterTest(child: ChildProcess): void {
  children.push(child);
}

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "myjobs test '"));
  folders.push(folder);
  return folder;
}

/** An instance on a fresh file, stopped after the test. */
export async function open(options: OpenOptions = {}): Promise<MyJobs> {
  const store = path.join(temporaryFolder(), "jobs.db");
  return reopen({ store, killGrace: 100, ...options });
}

export async function reopen(options: OpenOptions): Promise<MyJobs> {
  const myjobs = await MyJobs.open(options);
  opened.push(myjobs);
  return myjobs;
}

/** The processes that this one has started, and theirs, but for what jest itself keeps. */
export function descendants(of = process.pid): number[] {
  const table = execFileSync("ps", ["-e", "-o", "pid=,ppid=,args="], {
    encoding: "utf8",
  });
  const rows = table.split("\n").map((line) => {
    const [, pid, ppid, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return { pid: Number(pid), ppid: Number(ppid), args };
  });
  const found: number[] = [];
  const visit = (parent: number): void => {
    for (const { pid, ppid, args } of rows) {
      if (ppid !== parent || args?.startsWith("ps -e") === true) continue;
      found.push(pid);
      visit(pid);
    }
  };
  visit(of);
  return found;
}

/** Nothing may be left behind: no process, and no file but the store itself. */
afterEach(async () => {
  for (const ending of endings.splice(0)) ending();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(opened.splice(0).map((myjobs) => myjobs.stop()));
  try {
    await until("no process is left", () => descendants().length === 0);
  } finally {
    // The fault of this test alone.
    for (const pid of descendants()) process.kill(pid, "SIGKILL");
  }
  for (const folder of folders.splice(0)) {
    const left = readdirSync(folder).filter((name) =>
      /-(host|wal|shm)/.test(name),
    );
    rmSync(folder, { recursive: true });
    expect(left).toEqual([]);
  }
});
