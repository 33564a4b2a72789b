import { closeSync, fstatSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "@jest/globals";

import { nameless } from "../../src/transport/nameless.js";
import { temporaryFolder } from "../support/instance.js";

test("A nameless file lies in the first place that can take it, and leaves nothing there", () => {
  const folder = temporaryFolder();
  const missing = path.join(folder, "missing");
  const fd = nameless(100, [missing, folder]);
  expect(fstatSync(fd)).toMatchObject({ nlink: 0, size: 100 });
  expect(readFileSync(fd).every((byte) => byte === 0)).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
  closeSync(fd);
});

test("If no place can take it, the reason is that of the last", () => {
  const folder = temporaryFolder();
  const places = ["first", "last"].map((name) => path.join(folder, name));
  expect(() => nameless(100, places)).toThrow(/ENOENT.*last/);
});
