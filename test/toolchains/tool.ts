/** A tool that runs or compiles the samples, and how. */
export interface Tool {
  name: string;
  /** What stands in its folder, by name. */
  files: Record<string, string>;
  /** Node's arguments, one run after the other, in that folder. The last leaves `fates.json` there, or `results.json`. */
  runs: string[][];
  /** What its source maps tell of places; columns, too, unless given. */
  places?: "lines" | "none";
}

/** Tools that are alike, and share a table. */
export interface Family {
  name: string;
  tools: Tool[];
}

export type Sample = "functions" | "meta" | "relative" | "trip";

export interface Samples {
  /** As it is written. */
  typed: (name: Sample) => string;
  /** Without its types, and otherwise as it is written. */
  plain: (name: Sample) => string;
  /** What is put into test files. */
  runner: string;
}

/** A program of a package that is installed in the project. */
export function program(path: string): string {
  return `../node_modules/${path}`;
}

export function packageJson(type: "module" | "commonjs"): string {
  return JSON.stringify({ name: "trip", private: true, type });
}

/** Takes the trip, as an ES module. */
export function entry(extension: string): string {
  return `${imports(extension)}
import * as meta from "./meta${extension}";
writeFileSync("fates.json", JSON.stringify(await trip({ MyJobs }, [functions, meta])));
`;
}

/** The same where `import` becomes `require`, and there is no `import.meta`. */
export function loweredEntry(extension: string): string {
  return imports(extension) + tripInCommonJs;
}

/** The same in CommonJS as it is written by hand. */
export function commonEntry(extension: string): string {
  return `const { writeFileSync } = require("node:fs");
const { MyJobs } = require("myjobs");
const functions = require("./functions${extension}");
const { trip } = require("./trip${extension}");
${tripInCommonJs}`;
}

const imports = (extension: string): string => `
import { writeFileSync } from "node:fs";
import { MyJobs } from "myjobs";
import * as functions from "./functions${extension}";
import { trip } from "./trip${extension}";
`;

const tripInCommonJs = `
void trip({ MyJobs }, [functions]).then((fates) => {
  writeFileSync("fates.json", JSON.stringify(fates));
});
`;

/** What is written as an ES module, as CommonJS. */
export function common(text: string): string {
  const [, name = ""] = /^export const (\w+)/m.exec(text) ?? [];
  return text
    .replace(/^export const /m, "const ")
    .replace(/^export \{/m, `module.exports = { ${name && `${name},`}`);
}
