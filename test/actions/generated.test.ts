import { expect, test } from "@jest/globals";
import fc from "fast-check";

import { parseFunction } from "../../src/actions/parse.js";
import { differencesAlone, ReadFile } from "./differences.js";
import { generated } from "./generated.js";

/** The same programs in every run. */
const settings = { seed: 1, numRuns: 500, maxSkipsPerRun: 100 };

test("what generated functions take from outside is what eslint-scope says", () => {
  const { aFunction } = generated("a", "b", "c", "d", "arguments");
  let read = 0;
  const property = fc.property(aFunction, (code) => {
    let parsed;
    try {
      parsed = parseFunction(code);
    } catch {
      fc.pre(false);
      return;
    }
    read++;
    expect(differencesAlone(parsed)).toEqual([]);
  });
  fc.assert(property, settings);
  expect(read).toBeGreaterThanOrEqual(settings.numRuns);
}, 120_000);

test("functions of generated files are refused for what eslint-scope says", () => {
  const { file } = generated("a", "b", "c", "d", "fetch", "performance");
  let read = 0;
  const property = fc.property(file, (code) => {
    const parsed = ReadFile.of(`${code}\nexport {};`);
    fc.pre(parsed !== undefined && parsed.functions.length > 0);
    for (const one of parsed.functions) {
      read++;
      expect([code, one.text, ...parsed.differences(one)]).toEqual([
        code,
        one.text,
      ]);
    }
  });
  fc.assert(property, settings);
  expect(read).toBeGreaterThan(settings.numRuns);
}, 120_000);
