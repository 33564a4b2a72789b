import { readFileSync } from "node:fs";

import type { Script } from "./position.js";

/** The line of the user's file with a mark below the place, counted from 0; undefined if it cannot be read. */
export function codeFrame(script: Script, file: string, line: number, column: number): string | undefined {
  const text = textOf(script, file)?.split("\n")[line]?.replace(/\r$/, "");
  if (text === undefined || text.length > 400) return undefined;
  const number = String(line + 1);
  const margin = " ".repeat(number.length);
  // Tabs stay tabs, so that the mark is below its place however wide they are.
  const indent = text.slice(0, column).replace(/[^\t]/g, " ");
  return `    ${number} | ${text}\n    ${margin} | ${indent}^`;
}

/** As it was compiled, if the source map holds it: the file may have changed since. */
function textOf({ map, file: own, text, startLine }: Script, file: string): string | undefined {
  if (file === own && !map) return "\n".repeat(startLine) + text;
  const kept = map?.contents[map.files.indexOf(file)];
  if (typeof kept === "string") return kept;
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
