import { statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export type Way = "require" | "import";

/**
 * The file that a specifier means to a test runner or a compiler, and not to Node: './jobs.js' may be jobs.ts.
 * Undefined for what Node itself finds and can read, and for what nobody finds.
 */
export function typedFile(
  specifier: string,
  from: string,
  way: Way,
): string | undefined {
  if (isLoaderAtHand()) return undefined;
  const target = pathOf(specifier, from);
  if (target === undefined) return undefined;
  if (isFile(target))
    return isTyped(target) && !stripsTypes() ? target : undefined;
  if (way === "require" && requireFinds(target)) return undefined;
  return guesses(target).find(isFile);
}

/** Whether this Node, and so a child of it, takes the types out of TypeScript by itself. */
export function stripsTypes(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

/** What is wrong with a file that is there, but only in TypeScript, and what to do about it. */
export function unread(file: string): string {
  return `there is ${file}, but this process reads no TypeScript: install tsx in its project, or run Node under it (node --import tsx)`;
}

/** A child inherits the loaders of its host: then it finds and reads what the host does. */
function isLoaderAtHand(): boolean {
  const flags = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ");
  return /\b(?:tsx|ts-node|swc-node|esbuild-register|jiti)\b/.test(flags);
}

function pathOf(specifier: string, from: string): string | undefined {
  if (specifier.startsWith("file:")) return fileURLToPath(specifier);
  if (specifier.startsWith("/")) return specifier;
  if (!/^\.{1,2}(?:\/|$)/.test(specifier)) return undefined;
  const file = from.startsWith("file:") ? fileURLToPath(from) : from;
  return path.resolve(path.dirname(file), specifier);
}

function requireFinds(target: string): boolean {
  const endings = [".js", ".json", ".node", "/index.js", "/package.json"];
  return endings.some((ending) => isFile(target + ending));
}

/** Where compilers look, the likeliest first. */
function guesses(target: string): string[] {
  const swapped = /^(.+)\.([cm]?)js(x?)$/.exec(target);
  const [, stem = "", kind = "", x = ""] = swapped ?? [];
  const endings = [".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs"];
  return [
    ...(swapped ? [`${stem}.${kind}ts${x}`, `${stem}.${kind}tsx`] : []),
    ...endings.map((ending) => target + ending),
    ...endings.map((ending) => `${target}/index${ending}`),
  ];
}

function isTyped(file: string): boolean {
  return /\.[cm]?tsx?$/.test(file);
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
