import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "acorn";

import { ownTmuxServer } from "../support/tmux.js";
import { Consumer } from "./consumer.js";

const consumer = new Consumer();

beforeAll(() => consumer.install(), 90_000);

afterAll(() => {
  consumer.remove();
});

describe("The installed package runs a job", () => {
  test("from a plain ES module", async () => {
    const output = await consumer.node("addition.mjs");
    expect(output).toEqual({ stdout: "3\n", stderr: "" });
  });

  test("from plain CommonJS", async () => {
    const output = await consumer.node("addition.cjs");
    expect(output).toEqual({ stdout: "3\n", stderr: "" });
  });

  test.each(["addition.mts", "addition.cts"])(
    "from TypeScript under tsx: %s",
    async (file) => {
      const output = await consumer.node("node_modules/tsx/dist/cli.mjs", file);
      expect(output).toEqual({ stdout: "3\n", stderr: "" });
    },
  );

  test("beside another in the same child, both with the imports of their file", async () => {
    const { stdout } = await consumer.node("together.mjs");
    expect(JSON.parse(stdout)).toEqual({ same: true, four: 4, five: 5 });
  });

  test("inside a Jest test that is CommonJS", async () => {
    const { stderr } = await consumer.node(jest, "addition.test.js");
    expect(stderr).toMatch(/^Tests: +1 passed, 1 total$/m);
    expect(stderr).not.toMatch(/did not exit|failed to exit/);
  });

  test("inside a Jest test that is an ES module", async () => {
    const flag = "--experimental-vm-modules";
    const { stderr } = await consumer.node(flag, jest, "addition.test.mjs");
    expect(stderr).toMatch(/^Tests: +1 passed, 1 total$/m);
    expect(stderr).not.toMatch(/did not exit|failed to exit/);
  });

  test("and leaves nothing but the store behind", () => {
    const left = readdirSync(consumer.folder).filter((name) =>
      name.includes(".db"),
    );
    const runs = ["cjs", "cts", "jest-cjs", "jest-mjs", "mjs", "mts"];
    expect(left).toEqual(runs.map((name) => `${name}.db`));
  });
});

describe("The installed package", () => {
  test("has a program, and tells what it does", async () => {
    const { stdout } = await consumer.bin("myjobs", "--help");
    expect(stdout).toMatch(/^Usage: myjobs /);
  });

  test("has a program that runs jobs", async () => {
    const store = ["--store", "map/map.db"];
    const call = ["map", "length.mjs#length", "addition.mjs", "--json"];
    const { stdout } = await consumer.bin("myjobs", ...call, ...store);
    expect(JSON.parse(stdout)).toEqual({ input: "addition.mjs", result: 12 });
  });

  test.each(["window.mjs", "window.cjs"])(
    "runs a job in a tmux window, from %s",
    async (file) => {
      const { stdout, stderr } = await consumer.node(file);
      expect({ told: JSON.parse(stdout) as unknown, stderr }).toEqual({
        told: ["tmux", 1, 3],
        stderr: "",
      });
    },
  );

  test.each([
    { module: "NodeNext", moduleResolution: "NodeNext" },
    { module: "Preserve", moduleResolution: "Bundler" },
  ])("has types that need no others but Node's: $module", async (options) => {
    const files = ["types.mts", "addition.mts", "addition.cts"];
    await consumer.compile(options, ...files);
  });

  test.each([
    ["", []],
    [", where source maps are on", ["--enable-source-maps"]],
  ])("shows none of its own lines in a user's stack%s", async (_, flags) => {
    const { stdout } = await consumer.node(...flags, "refusal.mjs");
    const stacks = JSON.parse(stdout) as string[];
    expect(stacks).toHaveLength(3);
    for (const stack of stacks) {
      expect(stack).toMatch(/^ +at .*refusal\.mjs:\d+/m);
      expect(stack).not.toContain("node_modules/myjobs");
    }
  });

  test("names a module that is not there, and not as one that imports itself", async () => {
    const { stdout } = await consumer.node("missing.mjs");
    expect(stdout).toMatch(
      /^schedule: "x" of module file:.*nowhere\.js cannot be used: Cannot find module '.*nowhere\.js'\n$/,
    );
  });

  test.each(["cjs", "esm"])(
    "says what to do where a bundler has taken it in: %s",
    async (format) => {
      const outfile = `bundled.${format === "esm" ? "mjs" : "cjs"}`;
      const options = {
        ...{ entryPoints: ["bundled.js"], outfile, format, bundle: true },
        ...{
          platform: "node",
          external: ["better-sqlite3"],
          logLevel: "error",
        },
      };
      const build = `require("esbuild").buildSync(${JSON.stringify(options)})`;
      await consumer.node("--eval", build);
      await expect(consumer.node(outfile)).rejects.toThrow(
        "myjobs has been bundled, but its workers run files of its own: mark it as external (esbuild --external:myjobs)",
      );
    },
  );

  test("holds what runs and what explains it, and nothing else", () => {
    const top = readdirSync(consumer.package);
    expect(top).toEqual(expect.arrayContaining(["LICENSE", "dist"]));
    const known = [
      "ARCHITECTURE.md",
      "CHANGELOG.md",
      "CONTRIBUTING.md",
      "LICENSE",
      "README.md",
      "package.json",
    ];
    expect([...known, "dist", "docs"]).toEqual(expect.arrayContaining(top));
    const programs = readdirSync(path.join(consumer.package, "dist/workers"));
    expect(programs.sort()).toEqual(["checkpoint.mjs", "reaper.sh"]);
    const program = path.join(consumer.package, "dist/cli/main.js");
    expect(statSync(program).mode & 0o111).toBe(0o111);
  });

  test("gives a child no database, no parser and no command line", () => {
    const program = path.join(consumer.package, "dist/subprocess.cjs");
    // Loaded only where several jobs run at a time.
    expect(packagesOf(program)).toEqual(["p-queue"]);
  });

  test("needs no ES module from CommonJS", () => {
    const bundle = path.join(consumer.package, "dist/index.cjs");
    expect(packagesOf(bundle)).toEqual(["acorn", "better-sqlite3"]);
  });
});

ownTmuxServer();

const jest = "node_modules/jest/bin/jest.js";

/** What packages a built file imports, and those beside it that it imports. */
function packagesOf(file: string): string[] {
  const files = [file];
  const packages = new Set<string>();
  for (const one of files) {
    for (const name of importsOf(one)) {
      if (name.startsWith(".")) {
        const next = path.join(path.dirname(one), name);
        if (!files.includes(next)) files.push(next);
      } else if (!name.startsWith("node:")) packages.add(name);
    }
  }
  return [...packages].sort();
}

/** Parsed: what only scans a text loses its way in a bundle's regular expressions. */
function importsOf(file: string): string[] {
  const sourceType = file.endsWith(".cjs") ? "script" : "module";
  const text = readFileSync(file, "utf8");
  const names: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(visit);
    if (typeof node !== "object" || node === null) return;
    const { type, source, callee, arguments: given } = node as Syntax;
    const [first] = given ?? [];
    const isRequire = type === "CallExpression" && callee?.name === "require";
    const name = isRequire ? first?.value : source?.value;
    if (typeof name === "string") names.push(name);
    Object.values(node).forEach(visit);
  };
  visit(
    parse(text, { ecmaVersion: "latest", sourceType, allowHashBang: true }),
  );
  return names;
}

/** Of a node, what tells an import. */
interface Syntax {
  type?: string;
  source?: { value?: unknown } | null;
  callee?: { name?: string };
  arguments?: { value?: unknown }[];
}
