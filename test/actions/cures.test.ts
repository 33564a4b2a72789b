import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "@jest/globals";

import { Position } from "../../src/actions/position.js";
import { explain, Surroundings } from "../../src/actions/surroundings.js";
import { temporaryFolder } from "../support/instance.js";

/** What is told of a name that the function at the end of the file uses. */
function told(name: string, imports: string, file?: string): string {
  const fn = `() => ${name}`;
  const script = { id: "1", file, text: `${imports}\n${fn}` };
  const offset = script.text.length - fn.length;
  const start = { line: 1, column: 1 };
  const whole = { ...script, startLine: 1, startColumn: 1, map: undefined };
  const position = new Position(whole, offset, fn.length, start);
  const declared = new Surroundings().declaration(name, position);
  const { reason, cure } = explain(name, declared, script);
  return `${reason}; ${cure}`;
}

test.each([
  [
    "_",
    `import _ from "lodash";`,
    `const _ = (await context.import("lodash")).default`,
  ],
  [
    "fs",
    `import * as fs from "node:fs";`,
    `const fs = await context.import("node:fs")`,
  ],
  [
    "read",
    `import { read } from "./io.js";`,
    `const { read } = await context.import("./io.js")`,
  ],
  [
    "r",
    `import { read as r } from "./io.js";`,
    `const { read: r } = await context.import("./io.js")`,
  ],
  [
    "b",
    `import a, { b } from "./io.js";`,
    `const { b } = await context.import("./io.js")`,
  ],
  [
    "io_1",
    `const io_1 = require("./io.js");`,
    `await context.import("./io.js")`,
  ],
])(
  "An import %s is to be loaded inside as it was imported: %s",
  (name, imports, code) => {
    const cure = `load it inside: ${code}, or use a module action`;
    expect(told(name, imports)).toContain(`; ${cure}`);
  },
);

test("A module that vite names from its root is named as it was written", () => {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, "src"));
  mkdirSync(path.join(folder, "node_modules/@a/b"), { recursive: true });
  for (const file of ["src/math.ts", "node_modules/@a/b/main.js"])
    writeFileSync(path.join(folder, file), "");
  const imported = (from: string): string =>
    told(
      "__vi_import_0__",
      `const __vi_import_0__ = await __vite_ssr_import__(${JSON.stringify(from)});`,
      path.join(folder, "src/work.test.ts"),
    );
  expect(imported("/src/math.ts")).toMatch(
    /^is an import of "\.\/math\.ts"; .*import\("\.\/math\.ts"\)/,
  );
  expect(imported("/node_modules/@a/b/main.js")).toMatch(/import\("@a\/b"\)/);
  expect(imported("lodash")).toMatch(/import\("lodash"\)/);
});
