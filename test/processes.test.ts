import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import type { Writable } from "node:stream";
import { pathToFileURL } from "node:url";

import { describe, expect, test } from "@jest/globals";

import { processStart } from "../src/processes.js";
import { apart } from "./support/namespace.js";
import { run } from "./support/program.js";
import { isAlive, until } from "./support/until.js";

/** Prints what it finds to be its own start, and those of the pids that it is given. */
const script = `
const { processStart } = await import(process.argv[2]);
const pids = process.argv.slice(3).map(Number);
console.log(JSON.stringify([process.pid, ...pids].map(processStart)));
`;

async function starts(inside: string[], ...pids: number[]): Promise<string[]> {
  const processes = pathToFileURL(path.resolve("src/processes.ts")).href;
  const { exit, errors, lines } = run(
    script,
    [processes, ...pids.map(String)],
    [],
    inside,
  );
  expect([await exit, errors()]).toEqual([{ code: 0, signal: null }, ""]);
  return JSON.parse(lines[0]!) as string[];
}

describe("The start of a process", () => {
  test("is told alike by the process itself and by others of its namespace", async () => {
    const mine = processStart(process.pid);
    expect(mine).not.toBe("");
    expect(processStart(process.pid)).toBe(mine);
    const [theirs, seen] = await starts([], process.pid);
    expect(seen).toBe(mine);
    expect(theirs).not.toBe(mine);
    expect(theirs).not.toBe("");
  });

  test("is nothing once it has ended, waited for or not", async () => {
    const command = "cat <&3 & echo $!; exec sleep 1000";
    const child = spawn("sh", ["-c", command], {
      stdio: ["ignore", "pipe", "inherit", "pipe"],
    });
    const [line] = (await once(child.stdout!, "data")) as [Buffer];
    const unreaped = Number(line);
    // A shell might still wait for it.
    const name = `/proc/${String(child.pid)}/comm`;
    await until("it has a parent that will not", () =>
      readFileSync(name, "utf8").startsWith("sleep"),
    );
    (child.stdio[3] as Writable).destroy();
    await until("it has ended", () => processStart(unreaped) === "");
    expect(isAlive(unreaped)).toBe(true);
    expect(processStart(child.pid!)).not.toBe("");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(processStart(child.pid!)).toBe("");
  });
});

describe("The start of a process in another pid namespace", () => {
  test("names that namespace, so that none here can be taken for it, whatever its number and time", async () => {
    const here = readlinkSync("/proc/self/ns/pid");
    expect(processStart(process.pid)).toContain(here);
    const [own, first] = await starts(apart(), 1);
    for (const start of [own, first]) {
      expect(start).toMatch(/^\d+ pid:\[\d+\] /);
      expect(start).not.toContain(here);
    }
  });

  test("is its own where it sees the /proc of another namespace, and that of no other process is known to it", async () => {
    const [own, first, mine] = await starts(apart(false), 1, process.pid);
    expect(own).toMatch(/^\d+ pid:\[\d+\] /);
    expect(own!.split(" ")[0]).not.toBe(processStart(1).split(" ")[0]);
    expect([first, mine]).toEqual(["", ""]);
  });
});
