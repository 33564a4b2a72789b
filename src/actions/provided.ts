import { dirname, isAbsolute } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { isUrl, type Loader } from "./loader.js";
import { counters } from "./shims/coverage.js";
import { lowering } from "./shims/lowering.js";
import { viteImport, vitePath } from "./vite.js";

/** Whether a text may use a name that is no global: we give it one when it is restored. */
export function isProvided(name: string): boolean {
  return (
    isCounter(name) ||
    Object.hasOwn(ofFile, name) ||
    templateStrings.test(name) ||
    shim(name) !== undefined
  );
}

/** Whether what the name stands for depends on where the file is. */
export function isOfFile(name: string): boolean {
  return Object.hasOwn(ofFile, name);
}

/** What a need of an action is called in its text: `t=__name` is a helper that a minifier has renamed. */
export function toName(need: string): string {
  return need.replace(/=.*/, "");
}

/** What is provided for a need. */
export function toHelper(need: string): string {
  return need.replace(/.*=/, "");
}

export function provide(name: string, loader: Loader): unknown {
  if (isCounter(name)) return counters();
  // Whoever asked for it puts in what it exports.
  if (name === "exports") return {};
  return Object.hasOwn(ofFile, name) ? ofFile[name]?.(loader) : shim(name);
}

/** What `import.meta` is rewritten to: as long, so that no position moves. */
export const metaName = "import$meta";

/** What `import` is rewritten to where Node does not find what it shall load; as long, too. */
export const importName = "imp$rt";

const ofFile: Record<string, (loader: Loader) => unknown> = {
  require: (loader) => loader.nodeRequire,
  __require: (loader) => loader.nodeRequire,
  __filename: (loader) => fileURLToPath(loader.url),
  __dirname: (loader) => dirname(fileURLToPath(loader.url)),
  [metaName]: meta,
  import_meta: meta,
  __vite_ssr_import_meta__: meta,
  [importName]: (loader) => loader.import,
  [viteImport]: (loader) => (specifier: string) =>
    loader.import(vitePath(specifier, loader.url)),
};

/** Lazily set strings of a tagged template: to the text a variable around it, to us one that starts undefined. */
const templateStrings = /^(?:_templateObject\d*|templateObject_\d+)$/;

/** A helper from a package is called as that package exports it: `_x._()` of swc's, `_x2.default()` of Babel's. */
function shim(name: string): unknown {
  const helpers = lowering();
  const found = [name, name.replace(/2$/, "")].find((one) =>
    Object.hasOwn(helpers, one),
  );
  const helper = found === undefined ? undefined : helpers[found];
  if (typeof helper !== "function") return helper;
  const callable = function (this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(helper, this, args);
  };
  return Object.assign(callable, { _: callable, default: callable });
}

function isCounter(name: string): boolean {
  return /^cov_\w+$/.test(name);
}

function meta(loader: Loader): object {
  const { url } = loader;
  const filename = fileURLToPath(url);
  const resolve = (specifier: string): string => {
    if (isUrl(specifier)) return specifier;
    if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, url).href;
    const found = loader.nodeRequire.resolve(specifier);
    return isAbsolute(found) ? pathToFileURL(found).href : `node:${found}`;
  };
  return { url, filename, dirname: dirname(filename), resolve };
}
