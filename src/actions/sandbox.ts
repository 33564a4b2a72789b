import { fileURLToPath } from "node:url";
import vm from "node:vm";

/** Whether we run in a realm of our own, as Jest makes one for each test file. */
export function isSandboxed(): boolean {
  return vm.runInThisContext("Object") !== Object;
}

/**
 * What the sandbox's own `require` makes of a module: there it is compiled as the tests are, and mocked if they mock it.
 * Undefined if that `require` cannot load it, as an ES module that is not compiled.
 */
export function sandboxed(specifier: string, require: NodeJS.Require): unknown {
  const path = specifier.startsWith("file:")
    ? fileURLToPath(specifier)
    : specifier;
  // TypeScript names what its compiler will write: './jobs.js' is jobs.ts here.
  for (const name of [path, path.replace(/\.([cm]?)js(x?)$/, ".$1ts$2")]) {
    try {
      return require(name) as unknown;
    } catch (error) {
      if (!isUnable(error)) throw error;
    }
  }
  return undefined;
}

function isUnable(error: unknown): boolean {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return (
    name === "SyntaxError" ||
    code === "MODULE_NOT_FOUND" ||
    code === "ERR_REQUIRE_ESM"
  );
}
