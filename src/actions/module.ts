import { fileURLToPath, pathToFileURL } from "node:url";

import { ActionError, show } from "../errors.js";
import type { NewAction } from "../models/action.js";
import { callerFile, fileless } from "./caller.js";
import { loaderOf, loadExport } from "./export.js";
import { isUrl } from "./loader.js";
import { type ModuleOrigin, toAction } from "./origin.js";

interface Given {
  module: URL | string;
  method: string;
}

export function isModuleAction(action: unknown): action is Given {
  if (typeof action !== "object" || action === null) return false;
  const { module, method } = action as Partial<Record<keyof Given, unknown>>;
  return (
    typeof method === "string" &&
    (typeof module === "string" || isUrlObject(module))
  );
}

/** The row of an export of a module, once it has been seen to be there; then from `known`. */
export function captureModule(
  { module, method }: Given,
  where: string,
  known: Map<string, NewAction>,
): NewAction | Promise<NewAction> {
  const origin = resolve(String(module));
  const key = JSON.stringify([origin.module, origin.base, method]);
  return (
    known.get(key) ??
    check(origin, method, where).then((action) => {
      known.set(key, action);
      return action;
    })
  );
}

async function check(
  origin: ModuleOrigin,
  method: string,
  where: string,
): Promise<NewAction> {
  try {
    await loadExport(origin.module, method, loaderOf(origin));
  } catch (cause) {
    // It is looked up as seen from itself, which is nobody's import.
    const itself = origin.module.startsWith("file:")
      ? fileURLToPath(origin.module)
      : origin.module;
    const reason = (cause as Error).message.replace(
      `'${itself}' imported from ${itself}`,
      `'${itself}'`,
    );
    throw new ActionError(
      `${where}: ${show(method)} of module ${origin.module} cannot be used: ${reason}`,
      [],
      { cause },
    );
  }
  return toAction(
    { code: "", methodname: method, actorname: origin.module },
    origin,
  );
}

function resolve(module: string): ModuleOrigin {
  const absolute = absoluteModule(module);
  if (absolute !== undefined) return { kind: "module", module: absolute };
  return {
    kind: "module",
    module,
    base: callerFile() ?? fileless(),
  };
}

/** The URL of a path or URL, a relative one as seen from the caller's file; undefined for a package's name. */
export function absoluteModule(module: string): string | undefined {
  if (isUrl(module)) return module;
  if (module.startsWith("/")) return pathToFileURL(module).href;
  if (!/^\.\.?\//.test(module)) return undefined;
  return new URL(module, pathToFileURL(callerFile() ?? fileless())).href;
}

/** A URL of whatever realm. */
function isUrlObject(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as URL).href === "string"
  );
}
