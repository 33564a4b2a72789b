import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import Database from "better-sqlite3";

import { MyJobs } from "../../src/index.js";
import { isStopped } from "../../src/processes.js";
import { loader } from "../chaos/cluster.js";
import { until } from "../support/until.js";
import { Disk, type Operation, operations } from "./disk.js";
import { randomFrom } from "./random.js";

export interface Cuts {
  cuts: number;
  /** Jobs that were accepted, and not there after the power had failed. */
  lost: number;
  /** What cannot be opened, or is damaged. */
  damages: string[];
}

/** Whether what a program writes and syncs can be watched here. */
export function canWatch(): boolean {
  try {
    execFileSync("strace", ["-o", "/dev/null", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * Lets a program schedule jobs, and looks what is left of them if the power fails, at so many moments:
 * what it has not synced by then may be lost, each sector of it.
 */
export function cutPower(
  durability: "full" | "normal",
  cuts: number,
  seed: number,
): Promise<Cuts> {
  return inParts(cuts, seed, (some, one) => cutWatched(durability, some, one));
}

/**
 * The same without watching it: stops it at so many moments, and copies its files. Of the log stays what
 * SQLite itself takes for synced, and any part of the rest.
 */
export function cutCopies(cuts: number, seed: number): Promise<Cuts> {
  return inParts(cuts, seed, cutCopied);
}

/** Of one run of a program, whose store would else grow and grow. */
const mostCuts = 50;

async function inParts(
  cuts: number,
  seed: number,
  cut: (cuts: number, seed: number) => Promise<Cuts>,
): Promise<Cuts> {
  const found: Cuts = { cuts: 0, lost: 0, damages: [] };
  while (found.cuts < cuts) {
    const some = Math.min(mostCuts, cuts - found.cuts);
    const { lost, damages } = await cut(some, seed + found.cuts);
    found.cuts += some;
    found.lost += lost;
    found.damages.push(...damages);
  }
  return found;
}

async function cutWatched(
  durability: "full" | "normal",
  cuts: number,
  seed: number,
): Promise<Cuts> {
  const folder = mkdtempSync(path.join(tmpdir(), "myjobs power '"));
  try {
    const all = watched(folder, durability, 300);
    const random = randomFrom(seed);
    const first = all.findIndex(({ file }) => file === "notes");
    const moments = new Set<number>();
    while (moments.size < cuts)
      moments.add(first + Math.floor(random() * (all.length - first)));
    const found: Cuts = { cuts, lost: 0, damages: [] };
    const disk = new Disk();
    const accepted: number[] = [];
    for (const [moment, operation] of all.entries()) {
      if (operation.file === "notes") accepted.push(Number(operation.data));
      else disk.do(operation);
      if (!moments.has(moment)) continue;
      const rest = path.join(folder, String(moment));
      mkdirSync(rest);
      for (const [file, content] of disk.fail(random))
        writeFileSync(path.join(rest, file), content);
      await look(path.join(rest, "jobs.db"), accepted, found).catch(
        (cause: unknown) => found.damages.push(String(cause)),
      );
      rmSync(rest, { recursive: true });
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function cutCopied(cuts: number, seed: number): Promise<Cuts> {
  const folder = mkdtempSync(path.join(tmpdir(), "myjobs power '"));
  const [store, notes] = [path.join(folder, "jobs.db"), `${folder}/notes`];
  const random = randomFrom(seed);
  const found: Cuts = { cuts, lost: 0, damages: [] };
  const args = ["--import", loader, "test/soak/writer.ts", store, notes];
  const child = spawn(process.execPath, [...args, "full", "1000000"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exit = once(child, "exit");
  try {
    await until("it has begun", () => existsSync(notes));
    for (let cut = 0; cut < cuts; cut += 1) {
      await new Promise((resolve) => setTimeout(resolve, 60 * random()));
      child.kill("SIGSTOP");
      await until("it is stopped", () => isStopped(child.pid!));
      const rest = path.join(folder, String(cut));
      mkdirSync(rest);
      writeFileSync(path.join(rest, "jobs.db"), readFileSync(store));
      const log = readFileSync(`${store}-wal`);
      const from = synced(readFileSync(`${store}-shm`), log);
      const to = from + Math.floor(random() * (log.length - from));
      writeFileSync(path.join(rest, "jobs.db-wal"), log.subarray(0, to));
      const accepted = readFileSync(notes, "utf8").split("\n").slice(0, -1);
      child.kill("SIGCONT");
      await look(
        path.join(rest, "jobs.db"),
        accepted.map(Number),
        found,
        true,
      ).catch((cause: unknown) => found.damages.push(String(cause)));
      rmSync(rest, { recursive: true });
    }
    return found;
  } finally {
    child.kill("SIGKILL");
    await exit;
    rmSync(folder, { recursive: true });
  }
}

/** Bytes of the log up to its last commit, of which SQLite's index of it tells (https://sqlite.org/walformat.html). */
function synced(index: Buffer, log: Buffer): number {
  const frames = index.readUInt32LE(16);
  const page = log.readUInt32BE(8);
  return 32 + frames * (24 + page);
}

/** What it did to its files, in order. */
function watched(
  folder: string,
  durability: string,
  count: number,
): Operation[] {
  const [store, notes, trace] = ["jobs.db", "notes", "trace"].map((name) =>
    path.join(folder, name),
  );
  const files = [store!, `${store!}-wal`, notes!].flatMap((file) => [
    "-P",
    file,
  ]);
  const calls = "trace=pwrite64,write,fsync,fdatasync,ftruncate";
  execFileSync(
    "strace",
    [
      ...[
        "-f",
        "-y",
        "-xx",
        "-s",
        "1000000",
        "-o",
        trace!,
        "-e",
        calls,
        ...files,
      ],
      // So slow that whoever does not wait for it is ahead of it.
      ...["-e", "inject=fdatasync:delay_enter=2000"],
      ...[process.execPath, "--import", loader, "test/soak/writer.ts"],
      ...[store!, notes!, durability, String(count)],
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  return operations(readFileSync(trace!, "latin1"));
}

async function look(
  store: string,
  accepted: readonly number[],
  found: Cuts,
  copied = false,
): Promise<void> {
  const myjobs = await MyJobs.open({ store });
  const jobs = await myjobs.jobs.find({ limit: 10_000 });
  await myjobs.stop();
  const there = new Set(jobs.map(({ id }) => id));
  found.lost += accepted.filter((id) => !there.has(id)).length;
  const db = new Database(store);
  const check = db.pragma("integrity_check", { simple: true });
  db.close();
  if (check !== "ok") found.damages.push(String(check));
  for (const { id, state } of jobs)
    // Where its host is still alive, the copy of a store takes its jobs for running.
    if (state === "ERROR" || (state === "RUNNING" && !copied))
      found.damages.push(`job ${String(id)} is ${state}`);
}
