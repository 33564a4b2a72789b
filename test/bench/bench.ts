/**
 * Runs one benchmark, or all of them one after another, each in a process of its own, compiled before: a
 * loader of TypeScript would slow down all that is measured.
 * Usage: npm run bench [-- all | NAME [arguments]]; without a name: throughput.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "tsup";

const names = [
  "throughput",
  "peers",
  "five",
  "loop",
  "mixed",
  "burst",
  "cost",
  "rows",
  "hosts",
  "idle",
  "simulation",
];

const [first = "throughput", ...rest] = process.argv.slice(2);
if (first === "all") for (const name of names) await run(name, []);
else if (names.includes(first)) await run(first, rest);
else if (/^\d+$/.test(first)) await run("throughput", [first, ...rest]);
else {
  console.error(`no benchmark ${first}; there are: all, ${names.join(", ")}`);
  process.exitCode = 2;
}

async function run(name: string, args: string[]): Promise<void> {
  console.log(`\n== ${name}`);
  const file = await compile(name);
  try {
    const child = spawn(process.execPath, [file, ...args], {
      stdio: "inherit",
    });
    const [code] = (await once(child, "exit")) as [number | null];
    if (code !== 0) process.exitCode = 1;
  } finally {
    await rm(file);
  }
}

/** To a file beside its source, since each finds what it needs from there. */
async function compile(name: string): Promise<string> {
  const outDir = path.dirname(fileURLToPath(import.meta.url));
  const compiled = `${name}.compiled`;
  await build({
    entry: { [compiled]: path.join(outDir, `${name}.ts`) },
    outDir,
    format: "esm",
    target: "node20",
    config: false,
    clean: false,
    silent: true,
  });
  return path.join(outDir, `${compiled}.js`);
}
