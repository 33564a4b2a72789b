import { pathToFileURL } from "node:url";

import { describe, expect, test } from "@jest/globals";

import {
  Earlier,
  type EarlierPort,
  type Recorded,
} from "../../src/cli/earlier.js";
import { categoryOf, nameOf } from "../../src/cli/identity.js";
import { Window } from "../../src/cli/window.js";
import { fill } from "./command.js";

/** A store that counts what is asked of it. */
class Shelf implements EarlierPort<Recorded> {
  readonly jobs: Recorded[];
  pages = 0;
  singles = 0;

  constructor(inputs: readonly string[]) {
    this.jobs = inputs.map((input, index) => ({
      id: 10 + index * 3,
      kwargs: { input },
    }));
  }

  find({
    after,
    limit,
  }: {
    after: number;
    limit: number;
  }): Promise<Recorded[]> {
    this.pages += 1;
    const found = this.jobs.filter(({ id }) => id > after).slice(0, limit);
    return Promise.resolve(found);
  }

  get(id: number): Promise<Recorded> {
    this.singles += 1;
    const job = this.jobs.find((one) => one.id === id);
    return job === undefined
      ? Promise.reject(new Error())
      : Promise.resolve(job);
  }
}

async function takeAll(
  shelf: Shelf,
  inputs: readonly string[],
): Promise<(number | undefined)[]> {
  const earlier = new Earlier(shelf, "c");
  const ids = [];
  for (const input of inputs) ids.push((await earlier.take(input))?.id);
  return ids;
}

describe("The jobs of an earlier run", () => {
  test("are found in step with the inputs, a page at a time", async () => {
    const inputs = fill(1_250);
    const shelf = new Shelf(inputs);
    const ids = await takeAll(shelf, [...inputs, "new"]);
    expect(ids).toEqual([...shelf.jobs.map(({ id }) => id), undefined]);
    expect(shelf).toMatchObject({ pages: 3, singles: 0 });
  });

  test("are never those that this run has made itself", async () => {
    const shelf = new Shelf(["a", "b"]);
    const earlier = new Earlier(shelf, "c");
    for (const input of ["a", "b"]) await earlier.take(input);
    expect(await earlier.take("c")).toBeUndefined();
    shelf.jobs.push({ id: 100, kwargs: { input: "c" } });
    expect(await earlier.take("c")).toBeUndefined();
  });

  test("are found where inputs have come, gone and moved", async () => {
    const shelf = new Shelf(fill(1_000));
    const id = (nr: number): number => 10 + nr * 3;
    const inputs = ["n0", "new", "n2", "n1", "n999", "newer", "n2", "n4"];
    expect(await takeAll(shelf, inputs)).toEqual([
      id(0),
      undefined,
      id(2),
      id(1),
      id(999),
      undefined,
      undefined,
      id(4),
    ]);
  });

  test("are as many as an input was given times", async () => {
    const shelf = new Shelf(["a", "a", "b", "a"]);
    expect(await takeAll(shelf, ["a", "b", "a", "a", "a", "b"])).toEqual([
      10,
      16,
      13,
      19,
      undefined,
      undefined,
    ]);
  });
});

describe("A run", () => {
  const target = (file: string, method = "f") => ({
    module: pathToFileURL(file),
    method,
  });
  const category = categoryOf(target("/a.ts"), ["x/*"], "/home");

  test("has the same category each time, and another for any other", () => {
    expect(categoryOf(target("/a.ts"), ["x/*"], "/home")).toBe(category);
    const others = [
      categoryOf(target("/b.ts"), ["x/*"], "/home"),
      categoryOf(target("/a.ts", "g"), ["x/*"], "/home"),
      categoryOf(target("/a.ts"), ["x/*", "y"], "/home"),
      categoryOf(target("/a.ts"), ["x/*"], "/else"),
      categoryOf(target("/a.ts"), ["-"], "/home"),
    ];
    expect(new Set([category, ...others]).size).toBe(6);
  });

  test("names its jobs by their inputs, where these can be names", () => {
    expect(nameOf("x".repeat(1_000))).toBe("x".repeat(1_000));
    for (const input of ["x".repeat(1_001), "a\0b", "\ud800"])
      expect(nameOf(input)).toMatch(/^sha256:[\da-f]{64}$/);
  });
});

describe("The window", () => {
  const never = new AbortController().signal;

  test("lets one wait until few enough are on their way", async () => {
    const window = new Window();
    for (let nr = 0; nr < 3; nr += 1) window.enter();
    await window.atMost(3, never);
    let passed = false;
    const waiting = window.atMost(1, never).then(() => (passed = true));
    window.leave();
    await Promise.resolve();
    expect(passed).toBe(false);
    window.leave();
    await waiting;
  });

  test("ends the wait at the signal, and at a failure", async () => {
    const window = new Window();
    window.enter();
    const stop = new AbortController();
    const waiting = window.atMost(0, stop.signal);
    stop.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
    const other = window.atMost(0, never);
    window.fail(new Error("broken"));
    await expect(other).rejects.toThrow("broken");
    await expect(window.atMost(9, never)).rejects.toThrow("broken");
  });
});
