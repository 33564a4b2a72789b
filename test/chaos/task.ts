import type * as childProcess from "node:child_process";
import type * as fileSystem from "node:fs";

import type { Context } from "../../src/index.js";

/** What a job of a history does. */
export const kinds = [
  "ok",
  "nap",
  "large",
  "parent",
  "bomb",
  "throw",
  "exit",
  "crash",
  "spin",
  "deaf",
  "sleep",
  "fatal",
] as const;
export type Kind = (typeof kinds)[number];

export interface Task {
  kind: Kind;
  value: number;
  ms: number;
  /** The file in which each run leaves its traces. */
  log: string;
}

export const largeResult = 2_000_000;

/** The one action of all histories. It notes when it starts, and when it is about to return or throw. */
export function act({ kind, value, ms, log }: Task, context: Context): unknown {
  const fs = context.require<FileSystem>("node:fs");
  const note = (what: string, pid = process.pid): void => {
    const { id, attempt } = context.job;
    fs.appendFileSync(
      log,
      `${[what, id, attempt, pid, process.ppid, process.env.CHAOS_CONCURRENCY, Date.now()].join(" ")}\n`,
    );
  };
  const end = <T>(result: T): T => {
    note("end");
    return result;
  };
  const sum = (context.dependencies as unknown[]).reduce<number>(
    (before, one) => before + (typeof one === "number" ? one : 0),
    value,
  );
  const never = (): Promise<never> =>
    new Promise(() => setInterval(() => undefined, 1_000));
  note("start");
  switch (kind) {
    case "ok":
      return end(sum);
    case "nap":
      return new Promise((resolve) => setTimeout(() => resolve(end(sum)), ms));
    case "large":
      return end("x".repeat(2_000_000));
    case "parent": {
      const { spawn } = context.require<Processes>("node:child_process");
      const child = spawn("sleep", ["1000"], { stdio: "ignore" });
      child.unref();
      note("spawn", child.pid);
      return end(sum);
    }
    case "bomb":
      setTimeout(() => {
        throw new Error("late");
      }, ms);
      return end(sum);
    case "throw":
      note("end");
      throw new Error("no");
    case "exit":
      return process.exit(7);
    case "crash":
      process.kill(process.pid, "SIGKILL");
      return never();
    case "spin":
      for (;;);
    case "deaf":
      process.on("SIGTERM", () => undefined);
      return never();
    case "sleep": {
      const { execSync } = context.require<Processes>("node:child_process");
      return execSync("sleep 1000").length;
    }
    case "fatal": {
      const { execFileSync } = context.require<Processes>("node:child_process");
      const host = process.ppid;
      const args = ["-o", "args=", "-p", String(host)];
      // If it is gone already, the parent is whoever takes in orphans.
      if (execFileSync("ps", args).toString().includes("chaos")) {
        note("shoot", host);
        process.kill(host, "SIGKILL");
      }
      return never();
    }
  }
}

type FileSystem = typeof fileSystem;
type Processes = typeof childProcess;
