import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { afterEach, expect } from "@jest/globals";
import Database from "better-sqlite3";

import type { GivenDatabase } from "../../src/options.js";
import { openStore } from "../../src/store/open.js";
import type { Store } from "../../src/store/store.js";

const folders: string[] = [];
const stores: Store[] = [];
const databases: Database.Database[] = [];
const children: ChildProcess[] = [];

/** A folder that is removed after the test; but for databases themselves, nothing may be left in it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "myjobs store '"));
  folders.push(folder);
  return folder;
}

/** A file that is not there yet. */
export function temporaryFile(): string {
  return path.join(temporaryFolder(), "jobs.db");
}

/** A host on a store, closed after the test. */
export async function open(
  store: string | GivenDatabase,
  now: () => number = Date.now,
): Promise<Store> {
  const opened = await openStore(store, "normal", now);
  stores.push(opened);
  return opened;
}

/** Another program's connection, or a service's own; closed after the test. */
export function database(
  file: string,
  options?: Database.Options,
): Database.Database {
  const db = new Database(file, options);
  databases.push(db);
  return db;
}

/** A file with an empty store in it, nobody having it open. */
export async function storeFile(): Promise<string> {
  const file = temporaryFile();
  await (await open(file)).close();
  return file;
}

export interface Program {
  child: ChildProcess;
  /** The lines it has printed so far. */
  lines: string[];
  /** Its exit code, or the signal that ended it, and what it wrote to stderr. */
  exit: Promise<{ end: number | string | null; errors: string }>;
}

/** Runs one of `programs/` in a process of its own, `inside` another command if given; killed after the test. */
export function program(
  name: string,
  args: string[],
  inside: string[] = [],
): Program {
  const loader = createRequire(path.resolve("package.json")).resolve("tsx");
  const [command, ...rest] = [
    ...inside,
    process.execPath,
    "--import",
    pathToFileURL(loader).href,
    path.resolve(`test/store/programs/${name}.ts`),
    ...args,
  ];
  const child = spawn(command!, rest, { stdio: ["pipe", "pipe", "pipe"] });
  children.push(child);
  const lines: string[] = [];
  let unfinished = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const parts = (unfinished + chunk.toString()).split("\n");
    unfinished = parts.pop() ?? "";
    lines.push(...parts);
  });
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const exit = new Promise<{ end: number | string | null; errors: string }>(
    (resolve) => {
      child.once("close", (code, signal) =>
        resolve({ end: code ?? signal, errors }),
      );
    },
  );
  return { child, lines, exit };
}

afterEach(async () => {
  await Promise.all(children.splice(0).map(end));
  for (const db of databases.splice(0)) db.close();
  await Promise.all(stores.splice(0).map((store) => store.close()));
  for (const folder of folders.splice(0)) {
    const left = readdirSync(folder, { recursive: true, encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect(left.filter((name) => /-(host|wal|shm|journal)/.test(name))).toEqual(
      [],
    );
  }
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exit;
}
