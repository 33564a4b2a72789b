import type { Finding } from "./finding.js";
import type { Declaration } from "./scope.js";

/** The helper that a minifier has given another name, by what is declared under that name. */
export function renamedHelper(
  { node, isWritten }: Declaration,
  script: string,
): string | undefined {
  if (node.type !== "VariableDeclarator" || !node.init || isWritten)
    return undefined;
  const { start, end } = node.init;
  if (end - start > 1_000) return undefined;
  const code = script.slice(start, end);
  if (namesFunctions.test(code)) return "__name";
  return code.includes("Dynamic require of") ? "require" : undefined;
}

/** Whether a CommonJS module exports under the name nothing but what it calls so. */
export function isExportedAlone(name: string, script: string): boolean {
  const word = name.replaceAll("$", "\\$");
  const assigned = new RegExp(`\\bexports\\.${word}\\s*=(?![=>])`, "g");
  const alone = new RegExp(
    `${assigned.source}\\s*(?:${word}\\s*(?:[;,}\\n]|$)|void 0\\b|exports\\.)`,
    "g",
  );
  const count = (pattern: RegExp): number =>
    [...script.matchAll(pattern)].length;
  return count(assigned) > 0 && count(assigned) === count(alone);
}

/** Whether the name leads to a module that a bundler has put beside the function, in the place of an `import()`. */
export function isBundled(name: string, text: string): boolean {
  const word = `(?<![\\w$.])${name.replaceAll("$", "\\$")}`;
  return [
    `${word}\\.e\\(`,
    `\\.then\\(\\(\\)\\s*=>\\s*\\(?${word}\\(`,
    `\\.then\\(${word}(?:\\.\\w)?\\.bind\\(`,
    `\\.then\\(\\(\\)\\s*=>\\s*\\([\\w$]+\\(\\),\\s*${word}\\)`,
  ].some((pattern) => new RegExp(pattern).test(text));
}

export const ofBundle: Finding = {
  reason: "is what a bundler made of an import()",
  cure: "load the module with context.import(...), which no bundler rewrites, or use a module action",
};

/** esbuild's `__name`. */
const namesFunctions =
  /^\(([\w$]+),\s*([\w$]+)\)\s*=>\s*[\w$]+\(\1,\s*"name",\s*\{\s*value(?::\s*\2)?,\s*configurable:\s*(?:true|!0)\s*\}\)$/;
