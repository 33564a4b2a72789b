import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { format } from "prettier";

import { expectPlace, type Fate } from "./fate.js";
import {
  type Chapter,
  type Column,
  complaints,
  heading,
  ofFates,
  ofReport,
  page,
  type Report,
} from "./page.js";
import { Project } from "./project.js";
import type { Samples, Tool } from "./tool.js";
import { bundlers } from "./tools/bundlers.js";
import { jest } from "./tools/jest.js";
import { node, stripping } from "./tools/node.js";
import { runners } from "./tools/runners.js";
import { typescript } from "./tools/typescript.js";
import { vitest } from "./tools/vitest.js";

/**
 * A program: tries the samples with each tool, and writes the page of the docs. Ends with 1 if a function
 * fared otherwise than that page promises. Words limit it to the tools whose names hold one, and then it
 * writes nothing; --in=FOLDER installs there, and keeps it for the next time.
 */
const { values, positionals: words } = parseArgs({
  options: { in: { type: "string" } },
  allowPositionals: true,
});
const families = [node, typescript, jest, vitest, bundlers, runners, stripping];
/** To ask a family for its name alone. */
const noSamples: Samples = { typed: String, plain: String, runner: "" };
const docs = fileURLToPath(
  new URL("../../docs/toolchains.md", import.meta.url),
);

const given = values.in;
const folder = given ?? mkdtempSync(path.join(tmpdir(), "myjobs-toolchains-"));
const wrong: string[] = [];
try {
  mkdirSync(folder, { recursive: true });
  const chapters = await tryAll(new Project(path.resolve(folder)));
  wrong.push(...chapters.flatMap(complaints));
  if (words.length === 0 && wrong.length === 0) await write(chapters);
} finally {
  if (given === undefined) rmSync(folder, { recursive: true });
}
for (const line of wrong) console.error(line);
console.log(
  wrong.length === 0 ? "all is well" : `${String(wrong.length)} wrong`,
);
process.exitCode = wrong.length === 0 ? 0 : 1;

async function tryAll(project: Project): Promise<Chapter[]> {
  await project.install();
  const samples: Samples = await project.samples();
  const chapters: Chapter[] = [];
  for (const { name, tools } of families.map((family) => family(samples))) {
    const chapter: Chapter = { name, tools: [] };
    for (const tool of tools) {
      if (!isWanted(`${name}: ${tool.name}`)) continue;
      const column = await tryOne(project, name, tool);
      if (column) chapter.tools.push(column);
    }
    if (chapter.tools.length > 0) chapters.push(chapter);
  }
  return chapters;
}

async function tryOne(
  project: Project,
  family: string,
  tool: Tool,
): Promise<Column | undefined> {
  const { name, files, runs } = tool;
  const begun = Date.now();
  try {
    const left = ["fates.json", "results.json"];
    const told: unknown = JSON.parse(
      await project.leaves(left, name, files, runs),
    );
    if (family === runners(noSamples).name)
      return ofReport(name, told as Report);
    const fates = told as Record<string, Fate>;
    expectPlace(fates, tool);
    return ofFates(name, fates);
  } catch (error) {
    wrong.push(`${family}, ${name}: ${(error as Error).message}`);
    return undefined;
  } finally {
    console.log(`${family}, ${name}: ${String(Date.now() - begun)} ms`);
  }
}

function isWanted(name: string): boolean {
  return words.length === 0 || words.some((word) => name.includes(word));
}

async function write(chapters: readonly Chapter[]): Promise<void> {
  const manifest = new URL("package.json", import.meta.url);
  const { dependencies } = JSON.parse(readFileSync(manifest, "utf8")) as {
    dependencies: Record<string, string>;
  };
  const text = page(chapters, dependencies, keptOf(chapters));
  mkdirSync(path.dirname(docs), { recursive: true });
  writeFileSync(docs, await format(text, { parser: "markdown" }));
}

/** The last chapter as it stands, where only a newer Node than this one can make it. */
function keptOf(chapters: readonly Chapter[]): string | undefined {
  const last = stripping(noSamples).name;
  if (chapters.some(({ name }) => name === last) || !existsSync(docs))
    return undefined;
  const text = readFileSync(docs, "utf8");
  const begin = text.indexOf(heading(last));
  return begin === -1 ? undefined : text.slice(begin).trimEnd();
}
