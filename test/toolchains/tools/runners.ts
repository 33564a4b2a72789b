import {
  type Family,
  packageJson,
  program,
  type Samples,
  type Tool,
} from "../tool.js";

/** Jest and vitest as those of a user who tests code that has jobs: two files of the same tests in each. */
export function runners({ runner }: Samples): Family {
  const tools = [...jests(runner), ...vitests(runner)];
  return { name: "Test runners", tools };
}

function jests(body: string): Tool[] {
  const jest = program("jest/bin/jest.js");
  const json = ["--json", "--outputFile=results.json"];
  const cjs = `const { MyJobs } = require("myjobs");
const timers = jest;
${body}`;
  const esm = `import { jest as timers } from "@jest/globals";
import { MyJobs } from "myjobs";
${body}`;
  const config = (options: object): string =>
    JSON.stringify({ testEnvironment: "node", transform: {}, ...options });
  const tool = (
    name: string,
    text: string,
    type: "commonjs" | "module",
    options: object,
    ...flags: string[]
  ): Tool => ({
    name,
    files: {
      "one.test.js": `const file = "one";\n${text}`,
      "two.test.js": `const file = "two";\n${text}`,
      "package.json": packageJson(type),
      "jest.config.json": config(options),
    },
    runs: [
      [
        ...(type === "module"
          ? ["--experimental-vm-modules", "--no-warnings"]
          : []),
        jest,
        ...json,
        ...flags,
      ],
    ],
  });
  const globally = { fakeTimers: { enableGlobally: true } };
  const parallel = ["--maxWorkers=2"];
  return [
    tool("Jest CJS, runInBand", cjs, "commonjs", {}, "--runInBand"),
    tool("Jest CJS, parallel", cjs, "commonjs", {}, ...parallel),
    tool("Jest CJS, always fake", cjs, "commonjs", globally, ...parallel),
    tool("Jest ESM, runInBand", esm, "module", {}, "--runInBand"),
    tool("Jest ESM, parallel", esm, "module", {}, ...parallel),
    tool("Jest ESM, always fake", esm, "module", globally, ...parallel),
  ];
}

function vitests(body: string): Tool[] {
  const vitest = program("vitest/vitest.mjs");
  const json = ["--reporter=json", "--outputFile=results.json"];
  const given = `import { expect, test, vi as timers } from "vitest";\n`;
  const esm = `${given}import { MyJobs } from "myjobs";\n${body}`;
  const cjs = `${given}import { createRequire } from "node:module";
const { MyJobs } = createRequire(import.meta.url)("myjobs");\n${body}`;
  const tool = (name: string, text: string, ...flags: string[]): Tool => ({
    name,
    files: {
      "one.test.js": `const file = "one";\n${text}`,
      "two.test.js": `const file = "two";\n${text}`,
      "package.json": packageJson("module"),
    },
    runs: [[vitest, "run", "--root", ".", ...json, ...flags]],
  });
  return [
    tool("vitest ESM, one by one", esm, "--no-file-parallelism"),
    tool("vitest ESM, forks", esm, "--pool=forks"),
    tool("vitest ESM, threads", esm, "--pool=threads"),
    tool("vitest CJS, forks", cjs, "--pool=forks"),
    tool("vitest CJS, threads", cjs, "--pool=threads"),
  ];
}
