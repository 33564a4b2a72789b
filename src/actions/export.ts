import { fileless } from "./caller.js";
import { Loader } from "./loader.js";
import type { ModuleOrigin } from "./origin.js";

type Exported = (...args: unknown[]) => unknown;

/** As the module sees others; one of Node's own stands in no file. */
export function loaderOf({ module, base }: ModuleOrigin): Loader {
  return new Loader(base ?? (module.startsWith("file:") ? module : fileless()));
}

/** The function that a module exports under a name. A CommonJS module may hold it in its default alone. */
export async function loadExport(
  module: string,
  method: string,
  loader: Loader,
): Promise<Exported> {
  const namespace = await loader.import(module);
  const inner = namespace.default as Record<string, unknown> | null | undefined;
  const found = namespace[method] ?? inner?.[method];
  if (typeof found === "function") return found as Exported;
  const names = Object.keys({ ...inner, ...namespace }).join(", ") || "nothing";
  const what =
    found === undefined
      ? "it has no such export"
      : `that export is no function but ${typeof found}`;
  throw new TypeError(`${what} (it exports ${names})`);
}
