import {
  entry,
  type Family,
  loweredEntry,
  packageJson,
  program,
  type Samples,
  type Tool,
} from "../tool.js";

/** tsx, and what TypeScript's own compiler writes. */
export function typescript(samples: Samples): Family {
  const { typed } = samples;
  const sources = {
    "functions.ts": typed("functions"),
    "relative.ts": typed("relative"),
    "trip.ts": typed("trip"),
  };
  const esm = {
    ...sources,
    "meta.ts": typed("meta"),
    "main.ts": entry(".js"),
    "package.json": packageJson("module"),
  };
  const cjs = {
    ...sources,
    "main.ts": loweredEntry(".js"),
    "package.json": packageJson("commonjs"),
  };
  const tsx = program("tsx/dist/cli.mjs");
  return {
    name: "tsx and tsc",
    tools: [
      { name: "tsx ESM", files: esm, runs: [[tsx, "main.ts"]] },
      { name: "tsx CJS", files: cjs, runs: [[tsx, "main.ts"]] },
      {
        name: "node --import tsx",
        files: esm,
        runs: [["--import", "tsx", "main.ts"]],
      },
      ...["ES2015", "ES2017", "ES2022"].flatMap((target): Tool[] => [
        tsc(`tsc ${target} ESM`, esm, { target, module: "ES2022" }),
        tsc(`tsc ${target} CJS`, cjs, { target, module: "CommonJS" }),
      ]),
      tsc("tsc ES2015 CJS, tslib", cjs, {
        target: "ES2015",
        module: "CommonJS",
        importHelpers: true,
      }),
    ],
  };
}

function tsc(
  name: string,
  files: Record<string, string>,
  options: { module: string } & Record<string, unknown>,
): Tool {
  const compilerOptions = {
    moduleResolution: options.module === "CommonJS" ? "node10" : "bundler",
    esModuleInterop: true,
    sourceMap: true,
    outDir: "out",
    // It is what comes out that matters here, with `strict` or without.
    noCheck: true,
    noImplicitAny: false,
    types: [],
    ...options,
  };
  return {
    name,
    files: {
      ...files,
      "tsconfig.json": JSON.stringify({ compilerOptions, include: ["*.ts"] }),
    },
    runs: [[program("typescript/bin/tsc"), "-p", "."], ["out/main.js"]],
  };
}
