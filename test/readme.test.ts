import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "@jest/globals";

import { temporaryFolder } from "./support/instance.js";
import { run } from "./support/program.js";
import { ownTmuxServer } from "./support/tmux.js";

const readme = readFileSync(path.resolve("README.md"), "utf8");
const blocks = [...readme.matchAll(/```ts\n([^]*?)```/g)].map(
  ([, code]) => code ?? "",
);
const isImport = /^import .*$/gm;

test("README's first example runs as it stands, in twelve lines or so", async () => {
  const [first] = blocks;
  expect(first!.trim().split("\n").length).toBeLessThanOrEqual(13);
  const folder = temporaryFolder();
  const { exit, lines, errors } = run(
    first!.replace('"jobs.db"', JSON.stringify(path.join(folder, "jobs.db"))),
  );
  expect({ ...(await exit), lines, errors: errors() }).toEqual({
    code: 0,
    signal: null,
    lines: ["3"],
    errors: "",
  });
});

test("README's other examples run, each on its own, and give what they say", async () => {
  const folder = temporaryFolder();
  const store = path.join(folder, "jobs.db");
  const jobs = path.join(folder, "jobs.ts");
  writeFileSync(
    jobs,
    "export const resize = ({ width }: { width: number }) => width / 2;",
  );
  const rest = blocks
    .slice(1)
    .map((code) =>
      code
        .replace(isImport, "")
        .replaceAll('"./jobs.js"', JSON.stringify(jobs)),
    )
    .map((code) =>
      code
        .replaceAll('"README.md"', JSON.stringify(path.resolve("README.md")))
        .replaceAll('"jobs.db"', JSON.stringify(path.join(folder, "web.db"))),
    );
  const { exit, lines, errors } = run(`
    import { MyJobs, moduleActions } from "myjobs";
    function addition({ a, b }: { a: number; b: number }) { return a + b; }
    const myjobs = await MyJobs.open({ store: ${JSON.stringify(store)} });
    await myjobs.workersSubprocessStart();
    ${rest.map((code) => `{ ${code} }`).join("\n")}
    const ended = await myjobs.wait();
    const all = await myjobs.jobs.find();
    console.log(JSON.stringify(all.map(({ state, result }) => [state, typeof result])));
    console.log(all.map(({ result }) => result).slice(1).join(" "));
    await myjobs.stop();
  `);
  expect({ ...(await exit), errors: errors() }).toEqual({
    code: 0,
    signal: null,
    errors: "",
  });
  expect(lines).toEqual([
    JSON.stringify(Array.from({ length: 5 }, () => ["OK", "number"])),
    "50 2 4 6",
  ]);
});

test("README names every option of open and schedule, every error and every event", () => {
  const options = readFileSync(path.resolve("src/options.ts"), "utf8");
  const rules = /export const openRules = \{([^]*?)\n\};/.exec(options)![1]!;
  const names = [...rules.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name!);
  const errors = [
    ...readFileSync(path.resolve("src/errors.ts"), "utf8").matchAll(
      /export class (\w+)/g,
    ),
  ].map(([, name]) => name!);
  for (const name of [...names, ...errors]) {
    expect(readme).toMatch(new RegExp(`\`${name}\``));
  }
});

ownTmuxServer();
