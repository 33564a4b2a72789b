/**
 * Runs one benchmark, or all of them one after another, each in a process of its own.
 * Usage: npm run bench [-- all | NAME [arguments]]; without a name: throughput.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const names = [
  "throughput",
  "peers",
  "five",
  "loop",
  "mixed",
  "burst",
  "cost",
  "rows",
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
  const file = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, file, ...args], {
    stdio: "inherit",
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) process.exitCode = 1;
}
