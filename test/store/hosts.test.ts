import { readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";

import { until } from "../support/until.js";
import { schedule, states, worker } from "./suite/ground.js";
import {
  database,
  open,
  type Program,
  program,
  temporaryFile,
} from "./support.js";

interface Held {
  host: number;
  nr: number;
  pidStart: string;
  jobs: number[];
}

/** A host in a process of its own that has taken jobs. */
async function host(file: string, limit = 1): Promise<Program & Held> {
  const started = program("host", [file, String(limit)]);
  await until("the host has what it can get", () => started.lines.length > 0);
  return { ...started, ...(JSON.parse(started.lines[0]!) as Held) };
}

function locks(file: string): string[] {
  return readdirSync(path.dirname(file)).filter((name) =>
    name.includes("-host-"),
  );
}

describe("A host in another process", () => {
  test("lives until SIGKILL, stopped or not; then its jobs run again and nothing is left of it", async () => {
    const file = temporaryFile();
    const store = await open(file);
    const mine = locks(file);
    const ids = await schedule(store, {}, {}, {});
    const other = await host(file, 2);
    expect(other.jobs).toEqual(ids.slice(0, 2));
    other.child.kill("SIGSTOP");
    expect(await store.lostHosts()).toEqual([]);
    await expect(store.assertAlone()).rejects.toMatchObject({
      fault: "in-use",
    });
    expect(locks(file).length).toBeGreaterThan(mine.length);

    other.child.kill("SIGKILL");
    await other.exit;
    const { pid } = other.child;
    const { pidStart } = other;
    expect(await store.lostHosts()).toEqual([
      { id: other.host, processes: [{ pid, pidStart }] },
    ]);
    expect(await store.rescue([other.host])).toEqual({
      released: other.jobs,
      failed: [],
    });
    expect(await states(store, ids)).toEqual(["NEW", "NEW", "NEW"]);
    expect(locks(file)).toEqual(mine);
    await store.assertAlone();
  });

  test("is never lost when it closes, and leaves neither a lock nor a row", async () => {
    const file = temporaryFile();
    const store = await open(file);
    const mine = locks(file);
    const other = await host(file);
    other.child.stdin!.end();
    expect(await other.exit).toEqual({ end: 0, errors: "" });
    expect(await store.lostHosts()).toEqual([]);
    expect(locks(file)).toEqual(mine);
    const rows = database(file).prepare("select id from myjobs_host").all();
    expect(rows).toHaveLength(1);
  });

  test("that has died is told to each host that asks, and none of them leaves a file by asking", async () => {
    const file = temporaryFile();
    const dead = await host(file);
    dead.child.kill("SIGKILL");
    await dead.exit;
    const stores = [await open(file), await open(file)];
    for (const store of stores)
      expect(await store.lostHosts()).toMatchObject([{ id: dead.host }]);
    await stores[0]!.rescue([dead.host]);
    for (const store of stores) expect(await store.lostHosts()).toEqual([]);
    expect(
      locks(file).filter((name) => !name.endsWith("-journal")),
    ).toHaveLength(2);
  });

  test("whose lock was removed is lost, and one of this process whose lock is gone, too", async () => {
    const file = temporaryFile();
    const given = database(file);
    const first = await open(given);
    const { host } = await worker(first);
    const second = await open(file);
    expect(await second.lostHosts()).toEqual([]);
    given.close();
    await first.close();
    expect(await second.lostHosts()).toMatchObject([{ id: host }]);
    await second.rescue([host]);
    await second.assertAlone();
  });
});

test("A lock of a host that died before it was known goes with the next open, and no other file does", async () => {
  const file = temporaryFile();
  const first = await open(file);
  const before = locks(file);
  const nobodys = `${file}-host-0123456789ab`;
  const others = [`${file}-host-notes`, `${file}2-host-0123456789ab`];
  for (const one of [nobodys, `${nobodys}-journal`, ...others])
    writeFileSync(one, "");
  const second = await open(file);
  const names = others.map((one) => path.basename(one));
  const left = locks(file).filter((name) => !before.includes(name));
  expect(left).toEqual(expect.arrayContaining(names));
  expect(left).not.toContain(path.basename(nobodys));
  expect(left).not.toContain(path.basename(`${nobodys}-journal`));
  expect(locks(file)).toEqual(expect.arrayContaining(before));
  for (const store of [first, second])
    expect(await store.lostHosts()).toEqual([]);
  for (const one of others) rmSync(one);
});

describe("Processes that begin at once", () => {
  /** Lets them go when all are ready; gives what each has got. */
  async function race(file: string, nr: number): Promise<number[][]> {
    const programs = Array.from({ length: nr }, () =>
      program("claimer", [file]),
    );
    await until("all are ready", () =>
      programs.every(({ lines }) => lines.length > 0),
    );
    for (const { child } of programs) child.stdin!.write("go\n");
    const exits = await Promise.all(programs.map(({ exit }) => exit));
    expect(exits).toEqual(exits.map(() => ({ end: 0, errors: "" })));
    return programs.map(({ lines }) => JSON.parse(lines[1]!) as number[]);
  }

  test("share out the jobs of a store: each job ends once, by one of them", async () => {
    const file = temporaryFile();
    const store = await open(file);
    const ids = await schedule(
      store,
      ...Array.from({ length: 300 }, () => ({})),
    );
    const taken = await race(file, 3);
    expect(taken.flat().sort((a, b) => a - b)).toEqual(ids);
    const jobs = await store.findJobs({});
    expect(new Set(jobs.map(({ state }) => state))).toEqual(new Set(["OK"]));
    expect(new Set(jobs.map(({ attempt }) => attempt))).toEqual(new Set([1]));
    expect(await store.lostHosts()).toEqual([]);
  });

  test("make one store of a file that is not there yet", async () => {
    const file = temporaryFile();
    expect(await race(file, 6)).toEqual(Array(6).fill([]));
    const rows = database(file).prepare("select version from myjobs_schema");
    expect(rows.all()).toHaveLength(1);
    expect(readdirSync(path.dirname(file)).sort()[0]).toBe("jobs.db");
    expect(locks(file)).toEqual([]);
  });
});
