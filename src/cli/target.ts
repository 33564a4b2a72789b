import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { firstLine, messageOf, UsageError } from "./usage.js";

/** The function that is mapped over the inputs: an export of a module. */
export interface Target {
  module: URL;
  method: string;
}

/** Reads `module.ts#export`, a path as seen from the folder. */
export function readTarget(spec: string, folder: string): Target {
  const at = spec.lastIndexOf("#");
  const file = spec.slice(0, at);
  const method = spec.slice(at + 1);
  if (at < 1 || method === "")
    throw new UsageError(
      `'${spec}' names no function: expected module.ts#export`,
    );
  const module = file.startsWith("file:")
    ? new URL(file)
    : pathToFileURL(path.resolve(folder, file));
  if (!existsSync(fileURLToPath(module)))
    throw new UsageError(`there is no module ${file}`);
  return { module, method };
}

/** Loads the module, so that a mistake is told before anything is stored. */
export async function checkTarget({ module, method }: Target): Promise<void> {
  const file = path.relative(process.cwd(), fileURLToPath(module));
  let found: Record<string, unknown>;
  try {
    found = (await import(module.href)) as Record<string, unknown>;
  } catch (cause) {
    throw new UsageError(`${file} cannot be loaded: ${reason(cause)}`);
  }
  // A CommonJS module may have its exports in its default alone.
  const inner = found.default as Record<string, unknown> | null | undefined;
  const names = Object.keys({ ...inner, ...found });
  const value = found[method] ?? inner?.[method];
  if (typeof value === "function") return;
  throw new UsageError(
    value === undefined
      ? `${file} has no export '${method}' (it has ${names.join(", ") || "none"})`
      : `the export '${method}' of ${file} is no function but ${typeof value}`,
  );
}

function reason(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  return code === "ERR_UNKNOWN_FILE_EXTENSION"
    ? `this Node does not run TypeScript; with tsx it does: node --import tsx ${path.relative(process.cwd(), process.argv[1] ?? "")} map ...`
    : firstLine(messageOf(cause));
}
