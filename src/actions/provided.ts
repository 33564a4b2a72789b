import { fileURLToPath } from "node:url";

import type { Loader } from "./loader.js";
import { counters } from "./shims/coverage.js";
import { onlyDefault, wildcard } from "./shims/interop.js";

/** Whether a text may use a name that is no global: we give it one when it is restored. */
export function isProvided(name: string): boolean {
  return isCounter(name) || Object.hasOwn(shims, name) || Object.hasOwn(ofFile, name);
}

/** Whether what the name stands for depends on where the file is. */
export function isOfFile(name: string): boolean {
  return Object.hasOwn(ofFile, name);
}

export function provide(name: string, loader: Loader): unknown {
  if (isCounter(name)) return counters();
  return Object.hasOwn(ofFile, name) ? ofFile[name]?.(loader) : shims[name];
}

/** What `import.meta` is rewritten to: as long, so that no position moves. */
export const metaName = "import$meta";

const ofFile: Record<string, (loader: Loader) => unknown> = {
  require: (loader) => loader.nodeRequire,
  __require: (loader) => loader.nodeRequire,
  __filename: (loader) => fileURLToPath(loader.url),
  __dirname: (loader) => fileURLToPath(new URL(".", loader.url)),
  [metaName]: meta,
  import_meta: meta,
  __vite_ssr_import_meta__: meta,
  __vite_ssr_dynamic_import__: (loader) => loader.import,
};

const shims: Record<string, unknown> = {
  __name: (named: object, name: string) =>
    Object.defineProperty(named, "name", { value: name, configurable: true }),
  __importStar: wildcard,
  __importDefault: onlyDefault,
  _interopRequireWildcard: wildcard,
  _interopRequireDefault: onlyDefault,
  _interop_require_wildcard: wildcard,
  _interop_require_default: onlyDefault,
  __toESM: wildcard,
};

function isCounter(name: string): boolean {
  return /^cov_\w+$/.test(name);
}

function meta(loader: Loader): object {
  const { url } = loader;
  return {
    url,
    filename: fileURLToPath(url),
    dirname: fileURLToPath(new URL(".", url)).replace(/(?<=.)[/\\]$/, ""),
    resolve: (specifier: string) => (isRelative(specifier) ? new URL(specifier, url).href : resolved(specifier, loader)),
  };
}

function isRelative(specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier);
}

function resolved(specifier: string, loader: Loader): string {
  const file = loader.nodeRequire.resolve(specifier);
  return file.startsWith("/") ? new URL(`file://${file}`).href : file;
}
