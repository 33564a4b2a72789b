import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "@jest/globals";

import { type FunctionOfFile, ReadFile } from "./differences.js";

const modules = join(__dirname, "../../node_modules");
/** Of each package so many files, of each so many functions: always the same ones. */
const filesEach = 2;
const functionsEach = 5;
const largest = 40_000;
/** On a machine that is busy with other things it looks at fewer. */
const longest = 25_000;

/**
 * What differs on purpose, all of it: constructors and private methods are no functions of their own, and
 * neither is sloppy mode's code strict; where a compiler passes the outer `this` on, `this` in it is
 * the outer one (`lowered.ts`), which is no rule of the language.
 */
const unreadable =
  /^(?:constructor\b|(?:async\s*)?(?:\*\s*)?(?:get\s+|set\s+)?#)/;
const passing = /__awaiter|__async|to_?generator/i;

test("what real packages' functions take from outside is what eslint-scope says", () => {
  const found: unknown[] = [];
  let functions = 0;
  const unread: string[] = [];
  // In no order, so that those at the end of the alphabet are not the ones left out.
  const folders = sample(packages(), Infinity, (name) => name);
  const begun = performance.now();
  for (const folder of folders) {
    if (performance.now() - begun > longest) break;
    for (const path of sample(filesOf(folder), filesEach, (one) => one)) {
      const file = ReadFile.of(readFileSync(join(modules, path), "utf8"));
      const some = sample(file?.functions ?? [], functionsEach, textOf);
      for (const one of some) {
        if (unreadable.test(one.text) || passing.test(one.text)) continue;
        functions++;
        try {
          for (const difference of file!.differences(one))
            found.push([path, one.text.slice(0, 200), ...difference]);
        } catch (error) {
          unread.push(`${path}: ${String(error)}`);
        }
      }
    }
  }
  expect(found).toEqual([]);
  // Sloppy mode alone: `with`, octal numbers, `let` as a name.
  expect(unread.length).toBeLessThan(functions / 500);
  expect(folders.length).toBeGreaterThan(200);
  expect(functions).toBeGreaterThan(100);
}, 120_000);

function packages(): string[] {
  return readdirSync(modules)
    .sort()
    .filter((name) => !name.startsWith("."))
    .flatMap((name) =>
      name.startsWith("@")
        ? readdirSync(join(modules, name)).map((inner) => join(name, inner))
        : [name],
    )
    .filter((name) => existsSync(join(modules, name, "package.json")));
}

function filesOf(folder: string): string[] {
  return readdirSync(join(modules, folder), { withFileTypes: true })
    .filter(({ name }) => name !== "node_modules")
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesOf(path);
      const isCode = /\.[cm]?js$/.test(path);
      return isCode && statSync(join(modules, path)).size < largest
        ? [path]
        : [];
    });
}

/** Some of them, spread evenly, and the same ones wherever they are asked for. */
function sample<T>(
  all: readonly T[],
  size: number,
  by: (one: T) => string,
): T[] {
  const hash = (one: T): string =>
    createHash("sha256").update(by(one)).digest("hex");
  return all
    .map((one) => [hash(one), one] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, size)
    .map(([, one]) => one);
}

function textOf({ text }: FunctionOfFile): string {
  return text;
}
