import {
  type Family,
  packageJson,
  program,
  type Samples,
  type Tool,
} from "../tool.js";

/** vitest, with and without coverage by each of its providers. */
export function vitest({ typed }: Samples): Family {
  const files = {
    "functions.ts": typed("functions"),
    "meta.ts": typed("meta"),
    "relative.ts": typed("relative"),
    "trip.ts": typed("trip"),
    "package.json": packageJson("module"),
    "main.test.ts": test,
  };
  const tool = (name: string, ...flags: string[]): Tool => ({
    name,
    files,
    runs: [[program("vitest/vitest.mjs"), "run", "--root", ".", ...flags]],
  });
  const coverage = ["--coverage.enabled", "--coverage.reporter=json"];
  return {
    name: "vitest",
    tools: [
      tool("vitest"),
      tool("vitest, v8 coverage", ...coverage, "--coverage.provider=v8"),
      tool(
        "vitest, istanbul coverage",
        ...coverage,
        "--coverage.provider=istanbul",
      ),
      tool("vitest, vmThreads", "--pool=vmThreads"),
    ],
  };
}

const test = `import { writeFileSync } from "node:fs";
import { MyJobs } from "myjobs";
import { test } from "vitest";
import * as functions from "./functions.js";
import * as meta from "./meta.js";
import { trip } from "./trip.js";
test("trip", async () => {
  const fates = await trip({ MyJobs }, [functions, meta]);
  writeFileSync("fates.json", JSON.stringify(fates));
}, 120_000);
`;
