import { spawnSync } from "node:child_process";
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

test("A place that can take but a part of it is full, and keeps nothing", () => {
  const folder = temporaryFolder();
  const source = require.resolve("../../src/transport/nameless.ts");
  const code = `import { nameless } from ${JSON.stringify(source)};
    try { nameless(32_768, [${JSON.stringify(folder)}]); } catch ({ message }) { console.log(message); }`;
  // No file may be longer than 8 or 16 KiB: what is written beyond that is cut.
  const { stdout } = spawnSync(
    "sh",
    [
      ...["-c", 'ulimit -f 16; exec "$0" "$@"', process.execPath],
      ...["--import", "tsx", "--input-type=module", "-e", code],
    ],
    { encoding: "utf8", env: { ...process.env, TSX_DISABLE_CACHE: "1" } },
  );
  expect(stdout).toBe(`no room for 32768 bytes in ${folder}\n`);
  expect(readdirSync(folder)).toEqual([]);
});
