import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** What vitest makes of `import()`. */
export const viteImport = "__vite_ssr_dynamic_import__";

/**
 * The absolute path of what vite names: `/@fs/` leads paths outside of its root, and those inside begin at
 * the root, of which the text tells nothing: it is a folder around the file.
 */
export function vitePath(specifier: string, from: string): string {
  if (specifier.startsWith("/@fs/")) return specifier.slice("/@fs".length);
  if (!specifier.startsWith("/")) return specifier;
  const file = from.startsWith("file:") ? fileURLToPath(from) : from;
  for (
    let folder = path.dirname(file), last = "";
    folder !== last;
    last = folder, folder = path.dirname(folder)
  ) {
    const found = path.join(folder, specifier);
    if (existsSync(found)) return found;
  }
  return specifier;
}

/** What somebody wrote for a module that vite names from its root: its package, or its path as seen from the file. */
export function writtenPath(specifier: string, from: string): string {
  const found = vitePath(specifier, from);
  if (found === specifier) return specifier;
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(found) ?? [];
  if (name !== undefined) return name;
  const file = from.startsWith("file:") ? fileURLToPath(from) : from;
  const relative = path.relative(path.dirname(file), found);
  return relative.startsWith(".") ? relative : `./${relative}`;
}
