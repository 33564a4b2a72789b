import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

type Imported = Promise<Record<string, unknown>>;
type ScopedImport = (specifier: string, parent: string) => Imported;

/** Whether the project of the file has tsx, which reads TypeScript where Node cannot. */
export function hasTsx(file: string): boolean {
  try {
    createRequire(file).resolve("tsx/esm/api");
    return true;
  } catch {
    return false;
  }
}

/** Once for a process, as Node's own loader is: else each action would have instances of its own of all modules. */
let scoped: Promise<ScopedImport> | undefined;

/**
 * `native` is Node's import as the file has it. tsx is told to serve this call alone: what else the process
 * loads, it loads as before.
 */
export async function importWithTsx(
  url: string,
  file: string,
  native: (specifier: string) => Imported,
): Imported {
  scoped ??= native("tsx/esm/api").then((api) => {
    const register = api.register as (options: { namespace: string }) => {
      import: ScopedImport;
    };
    return register({ namespace: "myjobs" }).import;
  });
  return (await scoped)(url, pathToFileURL(file).href);
}

export function requireWithTsx(
  specifier: string,
  file: string,
  require: NodeJS.Require,
): unknown {
  const api = require("tsx/cjs/api") as {
    require(specifier: string, file: string): unknown;
  };
  return api.require(specifier, file);
}
