import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";

import { expect, test } from "@jest/globals";
import { transformSync } from "@swc/core";

import {
  packSegments,
  readMappings,
  segmentAt,
  unpackSegments,
} from "../../src/actions/mappings.js";

const source = readFileSync(`${__dirname}/samples/functions.ts`, "utf8");
const { code, map = "" } = transformSync(source, {
  filename: "functions.ts",
  jsc: { parser: { syntax: "typescript" }, target: "es2022" },
  sourceMaps: true,
});
const payload = JSON.parse(map) as SourceMapPayload;
const segments = readMappings(payload.mappings);

test("every place of a file leads to where Node's own reader of source maps leads", () => {
  const oracle = new SourceMap(payload);
  const lines = code.split("\n");
  for (const [line, text] of lines.entries()) {
    for (let column = 0; column < text.length; column += 3) {
      const theirs = oracle.findEntry(line, column) as {
        originalLine?: number;
        originalColumn?: number;
      };
      const ours = segmentAt(segments, { line, column });
      expect([line, column, ours?.originalLine, ours?.originalColumn]).toEqual([
        line,
        column,
        theirs.originalLine,
        theirs.originalColumn,
      ]);
    }
  }
});

test("a slice of it, packed and unpacked, leads to the same places", () => {
  const start = { line: 60, column: 4 };
  const part = segments.filter(
    ({ line, column }) => line > 60 || (line === 60 && column >= 4),
  );
  const unpacked = unpackSegments(
    JSON.parse(JSON.stringify(packSegments(part, start))) as number[],
  );
  expect(unpacked.length).toBe(part.length);
  for (const [i, one] of part.entries()) {
    const place = {
      line: one.line - 60,
      column: one.line === 60 ? one.column - 4 : one.column,
    };
    expect(unpacked[i]).toMatchObject({
      ...place,
      originalLine: one.originalLine,
      originalColumn: one.originalColumn,
    });
  }
});

test("before the first segment there is nothing", () => {
  expect(segmentAt([], { line: 0, column: 0 })).toBeUndefined();
  expect(unpackSegments([])).toEqual([]);
});
