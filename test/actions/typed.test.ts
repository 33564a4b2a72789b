import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import vm from "node:vm";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { Capturer } from "../../src/actions/capture.js";
import { checked } from "../../src/actions/origin.js";
import { restore } from "../../src/actions/restore.js";
import { stripsTypes, typedFile } from "../../src/actions/typed.js";
import { viteImport, vitePath } from "../../src/actions/vite.js";

const project = (): string => {
  const made = mkdtempSync(path.join(tmpdir(), "myjobs typed-"));
  const write = (name: string, text: string): void =>
    writeFileSync(path.join(made, name), text);
  write("package.json", '{ "type": "module" }');
  write("typed.ts", "export const answer: number = 42;");
  write("plain.js", "export const answer = 42;");
  return made;
};
const folder = project();
const withTsx = project();
const file = path.join(folder, "action.ts");

beforeAll(() => {
  const packages = path.join(__dirname, "../../node_modules");
  symlinkSync(packages, path.join(withTsx, "node_modules"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(withTsx, { recursive: true });
});

/** A function as a runner compiles it from a file. */
function compiled(code: string, filename = file): () => Promise<unknown> {
  const value: unknown = vm.runInThisContext(`(${code})`, { filename });
  return value as () => Promise<unknown>;
}

describe("a path that only a test runner's compiler finds", () => {
  const words: [string, string][] = [
    ["import()", 'async () => (await import("./typed.js")).answer'],
    ["require()", 'async () => require("./typed").answer'],
    ["vitest", `async () => (await ${viteImport}("/typed.ts")).answer`],
  ];

  test.each(words)(
    "is read where Node takes out types, and refused where no process can read it: %s",
    async (_, code) => {
      const capture = async () =>
        new Capturer().capture(compiled(code), "schedule");
      if (stripsTypes()) {
        const action = await restore(checked(await capture()));
        expect(await action.call({}, {})).toBe(42);
        return;
      }
      await expect(capture()).rejects.toThrow(
        /^ {2}"[./]+typed[^]*typed\.ts, which the test runner compiles[^]*install tsx/m,
      );
    },
  );

  test("is no matter if Node finds it too", async () => {
    const code = 'async () => (await import("./plain.js")).answer';
    const action = await new Capturer().capture(compiled(code), "schedule");
    expect(await (await restore(checked(action))).call({}, {})).toBe(42);
  });

  test("is read with the project's own tsx", async () => {
    const file = path.join(withTsx, "action.ts");
    for (const [, code] of words) {
      const fn = compiled(code, file);
      const action = await new Capturer().capture(fn, "schedule");
      expect(await (await restore(checked(action))).call({}, {})).toBe(42);
    }
  });
});

describe("what a compiler alone finds", () => {
  test.each([
    ["./typed.js", "import", "typed.ts"],
    ["./typed", "require", "typed.ts"],
    ["./plain", "import", "plain.js"],
    ["./plain", "require", undefined],
    ["./plain.js", "import", undefined],
    ["./absent.js", "import", undefined],
    ["typed", "import", undefined],
  ] as const)("%s by %s is %s", (specifier, way, found) => {
    const expected = found && path.join(folder, found);
    expect(typedFile(specifier, file, way)).toBe(expected);
  });
});

describe("vitest's names of files", () => {
  test("begin at its root, which is a folder around the file", () => {
    expect(vitePath("/typed.ts", path.join(folder, "a/b/c.ts"))).toBe(
      path.join(folder, "typed.ts"),
    );
  });

  test("are led by /@fs where they are outside of it", () => {
    expect(vitePath("/@fs/else/where.js", file)).toBe("/else/where.js");
  });

  test("of packages are theirs", () => {
    expect(vitePath("acorn", file)).toBe("acorn");
    expect(vitePath("/nowhere.ts", file)).toBe("/nowhere.ts");
  });
});
