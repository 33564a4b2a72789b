import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { runInThisContext } from "node:vm";

import { describe, expect, jest, test } from "@jest/globals";

import { Capturer } from "../../src/actions/capture.js";
import type { FunctionOrigin } from "../../src/actions/origin.js";
import { ActionError } from "../../src/errors.js";
import type { NewAction } from "../../src/models/action.js";

enum Color {
  Red,
}
const outer = Number("1");
const globalFetch = globalThis.fetch;

function captured(fn: unknown, capturer = new Capturer()): NewAction {
  return capturer.capture(fn, "schedule") as NewAction;
}

function refusal(fn: unknown): ActionError {
  try {
    captured(fn);
  } catch (error) {
    if (error instanceof ActionError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

function originOf(action: NewAction): FunctionOrigin {
  return JSON.parse(action.origin) as FunctionOrigin;
}

describe("the row of a function", () => {
  function resize({ a }: { a: number }) {
    return a;
  }

  test("holds its text, its name and its file", () => {
    const action = captured(resize);
    expect(action).toMatchObject({
      methodname: "resize",
      actorname: __filename,
    });
    expect(action.code).toBe(resize.toString());
    expect(action.key).toMatch(/^[0-9a-f]{64}$/);
  });

  test("is made once for a function, however often it is scheduled", () => {
    const capturer = new Capturer();
    const action = captured(resize, capturer);
    for (let i = 0; i < 1_000; i++)
      expect(capturer.capture(resize, "schedule")).toBe(action);
  });

  test("is looked into once for a function, however often it is scheduled", () => {
    const capturer = new Capturer();
    const toString = jest.spyOn(Function.prototype, "toString");
    try {
      for (let i = 0; i < 1_000; i++) void capturer.capture(resize, "schedule");
      expect(toString.mock.contexts.filter((fn) => fn === resize).length).toBe(
        1,
      );
    } finally {
      toString.mockRestore();
    }
  });

  test("is made once for closures that are made anew for each call", () => {
    const capturer = new Capturer();
    const rows = new Set<NewAction>();
    for (let i = 0; i < 1_000; i++)
      rows.add(captured(({ a }: { a: number }) => Math.abs(a), capturer));
    expect(rows.size).toBe(1);
  });

  test("has the key of an equal function elsewhere, where the place does not matter", () => {
    const [one, two] = [(k: number) => k, (k: number) => k];
    expect(captured(one).key).toBe(captured(two).key);
    expect(captured(one).key).not.toBe(captured((kk: number) => kk).key);
  });

  test("says that the place matters where the function imports, or could", () => {
    expect(originOf(captured(resize)).based).toBe(false);
    const importing = [
      () => import("node:os"),
      () => require("./samples/relative") as unknown,
      () => __dirname,
      (_kwargs: unknown, context: unknown) => context,
      (...all: unknown[]) => all,
      function () {
        // eslint-disable-next-line prefer-rest-params
        return arguments[1] as unknown;
      },
    ];
    for (const fn of importing)
      expect([fn.toString(), originOf(captured(fn)).based]).toEqual([
        fn.toString(),
        true,
      ]);
  });
});

describe("a function is refused that takes from outside", () => {
  test("all of it, in one error, each with its place, the line and a cure", () => {
    function needy(this: unknown, { a }: { a: number }) {
      return [helper(a), outer, readFile, Color[a], this];
    }
    const error = refusal(needy);
    expect(error.message).toMatch(
      /^schedule: function needy cannot run in another process\n/,
    );
    const line = 1 + lineOf("return [helper(a)");
    expect(
      error.problems.map(({ name, reason, file, line, column }) => [
        name,
        reason,
        file,
        line,
        column,
      ]),
    ).toEqual([
      ["helper", "is a function outside of it", __filename, line, 15],
      ["outer", "is a const outside of the function", __filename, line, 26],
      ["readFile", 'is an import of "node:fs/promises"', __filename, line, 33],
      ["Color", "is an enum outside of the function", __filename, line, 43],
      ["this", "is nothing where the job runs", __filename, line, 53],
    ]);
    expect(error.problems.map(({ cure }) => cure)).toEqual([
      expect.stringContaining("declare it inside"),
      expect.stringContaining("pass it in kwargs"),
      expect.stringContaining('context.import("node:fs/promises")'),
      expect.stringContaining("pass the value in kwargs"),
      expect.stringContaining("pass what you need of it in kwargs"),
    ]);
    expect(error.message).toContain(
      `outer at ${__filename}:${String(line)}:26: is a const outside`,
    );
    expect(error.problems[1]?.frame).toBe(
      `    ${String(line)} |       return [helper(a), outer, readFile, Color[a], this];\n` +
        `    ${" ".repeat(String(line).length)} | ${" ".repeat(25)}^`,
    );
  });

  test("its parent's parameters and variables", () => {
    const make = (given: number) => {
      let count = 0;
      return () => (count += given);
    };
    expect(
      refusal(make(1)).problems.map(({ name, reason }) => [name, reason]),
    ).toEqual([
      ["count", "is a let outside of the function"],
      ["given", "is a parameter of the function around it"],
    ]);
  });

  test("what hides a global, though an equal text elsewhere was taken", () => {
    const capturer = new Capturer();
    // As text, since a compiler would rename one of them.
    const [open, hiding] = runInThisContext(
      "[() => fetch('x'), (() => { const fetch = 1; return () => fetch('x') })()]",
    ) as [() => unknown, () => unknown];
    expect(hiding.toString()).toBe(open.toString());
    expect(captured(open, capturer).code).toBe(open.toString());
    expect(() => captured(hiding, capturer)).toThrow(
      /fetch: is a const outside/,
    );
  });

  test("what hides a global", () => {
    const fetch = globalFetch;
    expect(refusal(() => fetch("x")).problems).toMatchObject([
      { name: "fetch", reason: "is a const outside of the function" },
    ]);
    expect(refusal(async () => setTimeout(1)).problems).toMatchObject([
      { name: "setTimeout", reason: 'is an import of "node:timers/promises"' },
    ]);
  });
});

function helper(a: number) {
  return a;
}

/** Counted from 0. */
function lineOf(text: string): number {
  const { readFileSync } = jestRequire("node:fs") as typeof import("node:fs");
  return readFileSync(__filename, "utf8")
    .split("\n")
    .findIndex((line) => line.includes(text));
}
const jestRequire = require;
