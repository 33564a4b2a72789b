import { fileURLToPath } from "node:url";

import { isOwnFrame } from "../frames.js";

/** The file whose code called into this package, as an absolute path; undefined where none can be told. */
export function callerFile(): string | undefined {
  for (const site of callers()) {
    const file = site.slice(0, site.lastIndexOf("#"));
    if (file === "" || file.startsWith("node:") || isOwnFrame(file)) continue;
    const path = toPath(file);
    if (path !== undefined) return path;
  }
  return undefined;
}

/** By which way this package was called, as text: the places of the callers, nearest first. */
export function callSites(): string {
  return callers()
    .filter((site) => !isOwnFrame(site))
    .slice(0, 8)
    .join("\n");
}

/** Stands for the file where there is none: what is relative is so to the working folder. */
export function fileless(): string {
  return `${process.cwd()}/[eval]`;
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
  const { stackTraceLimit } = Error;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is put back, not called
  const { prepareStackTrace } = Error;
  try {
    Error.stackTraceLimit = 50;
    Error.prepareStackTrace = (_error, sites) =>
      sites.map(
        (site) => `${site.getFileName() ?? ""}#${String(site.getPosition())}`,
      );
    return (new Error().stack as unknown as string[] | undefined) ?? [];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    // Left undefined rather than absent: Node takes both for "none".
    Error.prepareStackTrace = prepareStackTrace;
  }
}
