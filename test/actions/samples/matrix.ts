import { execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import * as swc from "@swc/core";
import * as esbuild from "esbuild";
import ts from "typescript";

/** A program: compiles the samples with each tool, runs `trip` on each in plain Node, and prints the fates as JSON. */
type Compile = (source: string) => string;

const tsc =
  (target: "ES2015" | "ES2017" | "ES2022", module: ts.ModuleKind): Compile =>
  (source) =>
    ts.transpileModule(source, {
      compilerOptions: {
        target: ts.ScriptTarget[target],
        module,
        esModuleInterop: true,
        inlineSourceMap: true,
      },
      fileName: "functions.ts",
    }).outputText;

const esbuilt =
  (target: string, format: "esm" | "cjs"): Compile =>
  (source) =>
    esbuild.transformSync(source, {
      loader: "ts",
      target,
      format,
      platform: "node",
      keepNames: true,
      sourcemap: "inline",
      // Else it makes an empty object of it.
      supported: { "import-meta": true },
    }).code;

const swced =
  (target: swc.JscTarget, type: "es6" | "commonjs"): Compile =>
  (source) =>
    swc.transformSync(source, {
      filename: "functions.ts",
      jsc: { parser: { syntax: "typescript" }, target },
      module: { type },
      sourceMaps: "inline",
    }).code;

const tools: Record<string, [extension: string, Compile]> = {
  "tsc ES2015 CommonJS": [".cjs", tsc("ES2015", ts.ModuleKind.CommonJS)],
  "tsc ES2017 CommonJS": [".cjs", tsc("ES2017", ts.ModuleKind.CommonJS)],
  "tsc ES2015": [".mjs", tsc("ES2015", ts.ModuleKind.ES2022)],
  "tsc ES2022": [".mjs", tsc("ES2022", ts.ModuleKind.ES2022)],
  "esbuild es2015": [".mjs", esbuilt("es2015", "esm")],
  "esbuild es2017 CommonJS": [".cjs", esbuilt("es2017", "cjs")],
  "esbuild es2022": [".mjs", esbuilt("es2022", "esm")],
  "swc es2015 CommonJS": [".cjs", swced("es2015", "commonjs")],
  "swc es2017": [".mjs", swced("es2017", "es6")],
  "swc es2022": [".mjs", swced("es2022", "es6")],
};

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "myjobs-matrix-"));
const run = promisify(execFile);
try {
  symlinkSync(
    join(here, "../../../node_modules"),
    join(folder, "node_modules"),
  );
  const trip = join(folder, "trip.mjs");
  const bundle = {
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    outfile: trip,
  } as const;
  await esbuild.build({ entryPoints: [join(here, "trip.ts")], ...bundle });
  const fates: Record<string, unknown> = {};
  for (const [tool, [extension, compile]] of Object.entries(tools)) {
    const file = compiled(tool, extension, compile);
    const { stdout } = await run(process.execPath, [trip, file]);
    fates[tool] = JSON.parse(stdout);
  }
  process.stdout.write(JSON.stringify(fates));
} finally {
  rmSync(folder, { recursive: true });
}

function compiled(tool: string, extension: string, compile: Compile): string {
  const inner = join(folder, tool.replaceAll(" ", "-"));
  mkdirSync(inner);
  for (const name of ["functions", "relative"]) {
    let source = readFileSync(join(here, `${name}.ts`), "utf8").replaceAll(
      "./relative.js",
      `./relative${extension}`,
    );
    // In CommonJS there is no such thing.
    if (extension === ".cjs")
      source = source.replaceAll("import.meta.url", "`file://${__filename}`");
    writeFileSync(join(inner, name + extension), compile(source));
  }
  return join(inner, `functions${extension}`);
}
