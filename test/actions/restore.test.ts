import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { Capturer } from "../../src/actions/capture.js";
import { checked, keyOf, type Origin } from "../../src/actions/origin.js";
import { restore, type RestoredAction } from "../../src/actions/restore.js";
import { ActionError } from "../../src/errors.js";
import type { NewAction } from "../../src/models/action.js";

function captured(fn: unknown): NewAction {
  return new Capturer().capture(fn, "schedule") as NewAction;
}

async function restored(fn: unknown): Promise<RestoredAction> {
  return restore(checked(captured(fn)));
}

describe("a row that is not what was stored", () => {
  const add = ({ a }: { a: number }) => a + 1;

  test.each<[string, (row: NewAction) => Partial<NewAction>]>([
    ["with other code", ({ code }) => ({ code: code.replace("1", "2") })],
    ["with a key of its own", () => ({ key: "0".repeat(64) })],
    [
      "that needs something else",
      ({ origin }) => ({
        origin: origin.replace('"needs":[]', '"needs":["require"]'),
      }),
    ],
    [
      "with an origin that is no JSON",
      ({ origin }) => ({ origin: origin.slice(1) }),
    ],
    ["with an origin that is null", () => ({ origin: "null" })],
  ])("%s is refused, and nothing of it runs", async (_what, change) => {
    const row = captured(add);
    const damaged = restore(checked({ ...row, ...change(row) }));
    await expect(damaged).rejects.toThrow(ActionError);
    await expect(damaged).rejects.toThrow(
      /action add of .*restore\.test\.ts does not match its key/,
    );
  });

  test("from another folder is refused, if it imports", async () => {
    const row = captured(() => import("node:os"));
    const origin = row.origin.replace("/test/actions/", "/elsewhere/");
    expect(origin).not.toBe(row.origin);
    await expect(restore(checked({ ...row, origin }))).rejects.toThrow(
      /does not match its key/,
    );
  });
});

describe("a restored function", () => {
  test.each([
    "(name) => import(name)",
    '(name) => eval("import(name)")',
    '(name) => new Function("name", "return import(name)")(name)',
    '(name) => Function("name", "return import(name)")(name)',
    '(name) => (async () => 1).constructor("name", "return import(name)")(name)',
  ])("imports, also from what it makes of text: %s", async (text) => {
    const fn = new Function(`return ${text}`)() as unknown;
    const action = await restored(fn);
    expect(await action.call("node:os", {})).toMatchObject({ EOL: "\n" });
  });

  test("is given its arguments", async () => {
    const action = await restored((a: number, b: string) => [a, b]);
    expect(action.call(1, "x")).toEqual([1, "x"]);
  });

  test("runs in strict mode", async () => {
    const action = await restored(() => {
      return (function (this: unknown) {
        return this === undefined;
      })();
    });
    expect(action.call({}, {})).toBe(true);
  });

  test("does not see where it is restored", async () => {
    const action = await restored(() => [
      typeof module,
      typeof exports,
      typeof loader,
      typeof needs,
    ]);
    expect(action.call({}, {})).toEqual([
      "undefined",
      "undefined",
      "undefined",
      "undefined",
    ]);
  });

  test("counts for nobody where a coverage tool has counted", async () => {
    const row = captured((k: number) => k);
    const code =
      "function f(a = (cov_1x2().b[0][0]++, 5)) { cov_1x2().f[0]++; cov_1x2().s[1]++; return a }";
    const origin = {
      ...(JSON.parse(row.origin) as object),
      needs: ["cov_1x2"],
    } as Origin;
    const instrumented = {
      ...row,
      code,
      origin: JSON.stringify(origin),
      key: keyOf({ ...row, code }, origin),
    };
    const action = await restore(checked(instrumented));
    expect(action.call(undefined, {})).toBe(5);
  });
});

declare const loader: unknown;
declare const needs: unknown;

describe("a function of a file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "myjobs-restore-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function written(name: string, code: string): string {
    const file = join(folder, name);
    writeFileSync(file, code);
    return file;
  }

  /** As it is compiled from that file, in this process. */
  function loaded(code: string): NewAction {
    const file = written("jobs.cjs", code);
    return captured((require(file) as { job: unknown }).job);
  }

  test("runs as it was when it was captured, though the file has changed and gone", async () => {
    const row = loaded("exports.job = () => 'first'");
    written("jobs.cjs", "exports.job = () => 'second'");
    rmSync(join(folder, "jobs.cjs"));
    const action = await restore(checked(row));
    expect(action.call({}, {})).toBe("first");
  });

  test("imports and requires from that file, by every way", async () => {
    written("mate.cjs", "exports.name = __filename");
    const row =
      loaded(`exports.job = async (_, { import: load, require: need }) => [
      (await import("./mate.cjs")).name, require("./mate.cjs").name, (await load("./mate.cjs")).name,
      need("./mate.cjs").name, __filename, __dirname,
    ]`);
    const action = await restore(checked(row));
    const mate = join(folder, "mate.cjs");
    const jobs = join(folder, "jobs.cjs");
    expect(await action.call({}, action)).toEqual([
      mate,
      mate,
      mate,
      mate,
      jobs,
      folder,
    ]);
  });

  test("has another key than an equal one of another folder, if it imports", () => {
    const row = loaded("exports.job = () => import('./mate.cjs')");
    const inner = written(
      "other.cjs",
      "exports.job = () => import('./mate.cjs')",
    );
    const other = captured((require(inner) as { job: unknown }).job);
    expect(other.code).toBe(row.code);
    expect(other.key).not.toBe(row.key);
  });

  test("has the key of an equal one of another folder, if it does not", () => {
    const row = loaded("exports.job = () => Math.max(1, 2)");
    const other = captured(
      (
        require(written("other.cjs", "exports.job = () => Math.max(1, 2)")) as {
          job: unknown;
        }
      ).job,
    );
    expect(other.key).toBe(row.key);
  });

  test("throws with the place where it stands", async () => {
    const row = loaded(
      "\n\n  exports.job = () => {\n    throw new Error('x');\n  }",
    );
    const action = await restore(checked(row));
    let stack = "";
    try {
      action.call({}, {});
    } catch (error) {
      stack = (error as Error).stack ?? "";
    }
    expect(action.mapStack(stack).split("\n")[1]).toContain(
      `${join(folder, "jobs.cjs")}:4:11`,
    );
  });

  test("loads what is there when it runs", async () => {
    const row = loaded("exports.job = () => import('./late.mjs')");
    const action = await restore(checked(row));
    await expect(action.call({}, {})).rejects.toThrow(/late\.mjs/);
    written("late.mjs", "export const late = 1");
    expect(await action.call({}, {})).toMatchObject({ late: 1 });
  });
});

test("restoring loads neither the parser nor the inspector, which only capturing needs", () => {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    const code = readFileSync(file, "utf8");
    for (const [, name = ""] of code.matchAll(
      /^(?:import|export) (?!type )[^;]*?from "([^"]+)";/gms,
    )) {
      if (name.startsWith("."))
        load(join(dirname(file), name.replace(/js$/, "ts")));
      else loaded.add(name);
    }
  };
  load(join(__dirname, "../../src/actions/restore.ts"));
  expect(loaded).toContain("node:vm");
  expect(loaded).not.toContain("acorn");
  expect(loaded).not.toContain("node:inspector");
});
