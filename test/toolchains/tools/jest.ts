import {
  type Family,
  packageJson,
  program,
  type Samples,
  type Tool,
} from "../tool.js";

/** Jest's own default, CommonJS, with and without coverage by istanbul; then ES modules. */
export function jest({ typed }: Samples): Family {
  const sources = {
    "functions.ts": typed("functions"),
    "relative.ts": typed("relative"),
    "trip.ts": typed("trip"),
  };
  const esm = { ...sources, "meta.ts": typed("meta") };
  const tools = transformers.flatMap(({ name, transform }): Tool[] => [
    {
      name,
      files: {
        ...sources,
        "package.json": packageJson("commonjs"),
        "main.test.ts": test(""),
        "jest.config.json": config({ transform: transform("cjs") }),
      },
      runs: [[jestProgram]],
    },
    {
      name: `${name}, coverage`,
      files: {
        ...sources,
        "package.json": packageJson("commonjs"),
        "main.test.ts": test(""),
        "jest.config.json": config({ transform: transform("cjs") }),
      },
      runs: [[jestProgram, "--coverage"]],
    },
    {
      name: `${name}, ESM`,
      files: {
        ...esm,
        "package.json": packageJson("module"),
        "main.test.ts": test(', require("./meta.js")'),
        "jest.config.json": config({
          transform: transform("esm"),
          extensionsToTreatAsEsm: [".ts"],
        }),
      },
      runs: [["--experimental-vm-modules", "--no-warnings", jestProgram]],
    },
  ]);
  return { name: "Jest", tools };
}

const jestProgram = program("jest/bin/jest.js");

function config(options: object): string {
  return JSON.stringify({
    testEnvironment: "node",
    // TypeScript names what it would write: './relative.js' is relative.ts here.
    moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": ["$1.js", "$1.ts"] },
    coverageReporters: ["json"],
    coverageProvider: "babel",
    ...options,
  });
}

function test(meta: string): string {
  return `import { writeFileSync } from "node:fs";
import { MyJobs } from "myjobs";
import * as functions from "./functions.js";
${meta ? 'import * as meta from "./meta.js";' : ""}
import { trip } from "./trip.js";
test("trip", async () => {
  const fates = await trip({ MyJobs }, [functions${meta ? ", meta" : ""}]);
  writeFileSync("fates.json", JSON.stringify(fates));
}, 120_000);
`;
}

const transformers = [
  {
    name: "ts-jest",
    transform: (format: "cjs" | "esm") => ({
      "\\.ts$": [
        "ts-jest",
        {
          useESM: format === "esm",
          diagnostics: false,
          tsconfig: {
            target: "ES2022",
            module: format === "esm" ? "ES2022" : "CommonJS",
            esModuleInterop: true,
            isolatedModules: true,
          },
        },
      ],
    }),
  },
  {
    name: "@swc/jest",
    transform: (format: "cjs" | "esm") => ({
      "\\.ts$": [
        "@swc/jest",
        {
          jsc: { parser: { syntax: "typescript" }, target: "es2022" },
          module: { type: format === "esm" ? "es6" : "commonjs" },
        },
      ],
    }),
  },
  {
    name: "babel-jest",
    transform: (format: "cjs" | "esm") => ({
      "\\.ts$": [
        "babel-jest",
        {
          presets: [
            [
              "@babel/preset-env",
              {
                targets: { node: "current" },
                modules: format === "esm" ? false : "commonjs",
              },
            ],
            "@babel/preset-typescript",
          ],
        },
      ],
    }),
  },
];
