import { fileURLToPath } from "node:url";

import { isOwnFrame } from "../errors.js";

/** The file whose code called into this package, as an absolute path; undefined where none can be told. */
export function callerFile(): string | undefined {
  for (const file of callers()) {
    if (file === "" || file.startsWith("node:") || isOwnFrame(file)) continue;
    const path = toPath(file);
    if (path !== undefined) return path;
  }
  return undefined;
}

/** The path of a script's URL or path; undefined for what is no file. */
export function toPath(script: string): string | undefined {
  if (script.startsWith("/")) return script;
  try {
    return fileURLToPath(script);
  } catch {
    return undefined;
  }
}

/** Of the code that runs: with source maps the text of a stack would name files that it is not in. */
function callers(): string[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 50;
    Error.prepareStackTrace = (_error, sites) => sites.map((site) => site.getFileName() ?? "");
    return (new Error().stack as unknown as string[] | undefined) ?? [];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    // Left undefined rather than absent: Node takes both for "none".
    Error.prepareStackTrace = prepareStackTrace as NonNullable<typeof prepareStackTrace>;
  }
}
