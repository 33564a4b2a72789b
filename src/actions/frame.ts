import { readFileSync } from "node:fs";

import type { Script } from "./position.js";

/** A line of the user's file, counted from 0; undefined if it cannot be read. */
export function lineOf(
  script: Script,
  file: string,
  line: number,
): string | undefined {
  return textOf(script, file)?.split("\n")[line]?.replace(/\r$/, "");
}

/** The line with a mark below the column. What is very long was not written by hand, and not shown. */
export function codeFrame(
  text: string,
  line: number,
  column: number,
): string | undefined {
  if (text.length > 400) return undefined;
  const number = String(line + 1);
  const margin = " ".repeat(number.length);
  // Tabs stay tabs, so that the mark is below its place however wide they are.
  const indent = text.slice(0, column).replace(/[^\t]/g, " ");
  return `    ${number} | ${text}\n    ${margin} | ${indent}^`;
}

/** As it was compiled, if the source map holds it: the file may have changed since. */
function textOf(
  { map, file: own, text, startLine }: Script,
  file: string,
): string | undefined {
  if (file === own && !map) return "\n".repeat(startLine) + text;
  const kept = map?.contents[map.files.indexOf(file)];
  if (typeof kept === "string") return kept;
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
