import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { beforeAll, describe, expect, test } from "@jest/globals";

import { Capturer } from "../../src/actions/capture.js";
import { checked } from "../../src/actions/origin.js";
import { restore } from "../../src/actions/restore.js";
import * as samples from "./samples/functions.js";

const run = promisify(execFile);
const root = join(__dirname, "../..");

/** Runs a program of the samples from its TypeScript, and reads what it prints. */
async function printed(program: string, ...args: string[]): Promise<unknown> {
  const { stdout, stderr } = await run(
    process.execPath,
    ["--import", "tsx", join(__dirname, "samples", program), ...args],
    {
      cwd: root,
    },
  );
  // Node would warn of the loader that we use.
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

describe("compiled by", () => {
  let fates: Record<string, Record<string, string>>;
  beforeAll(async () => {
    fates = (await printed("matrix.ts")) as typeof fates;
  }, 120_000);

  test.each([
    ["tsc ES2015", {}],
    ["tsc ES2022", {}],
    ["esbuild es2015", {}],
    ["esbuild es2017 CommonJS", {}],
    ["esbuild es2022", {}],
    ["swc es2022", {}],
    ["tsc ES2015 CommonJS", {}],
    ["tsc ES2017 CommonJS", {}],
    // Named groups become a class of its own that swc keeps outside.
    ["swc es2015 CommonJS", { regularExpression: "_wrap_reg_exp" }],
    ["swc es2017", { regularExpression: "_wrap_reg_exp" }],
  ])(
    "%s, each function gives what it gives when called directly",
    (tool, refused: Record<string, string>) => {
      for (const name of Object.keys(samples.calls)) {
        const what = refused[name];
        const refusal = `refused: schedule: function ${name} cannot run in another process\n  ${what ?? ""} at `;
        expect([name, fates[tool]?.[name]]).toEqual([
          name,
          what === undefined ? "same" : expect.stringContaining(refusal),
        ]);
      }
    },
  );
});

test("run by tsx, each function gives what it gives when called directly", async () => {
  const fates = (await printed(
    "trip.ts",
    join(__dirname, "samples/functions.ts"),
  )) as Record<string, string>;
  expect(fates).toEqual(
    Object.fromEntries(
      Object.keys(samples.calls).map((name) => [name, "same"]),
    ),
  );
});

describe("in this test runner", () => {
  const capturer = new Capturer();
  const functions: Record<string, unknown> = { ...samples, ...samples.holder };

  test.each(Object.entries(samples.calls))(
    "%s gives what it gives when called directly",
    async (name, call) => {
      const [kwargs, result] = call;
      const restored = await restore(
        checked(await capturer.capture(functions[name], "schedule")),
      );
      expect(await restored.call(structuredClone(kwargs), {})).toEqual(result);
    },
  );
});
