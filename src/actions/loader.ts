import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";

import { isSandboxed, sandboxed } from "./sandbox.js";
import { wildcard } from "./shims/interop.js";
import { hasTsx, importWithTsx, requireWithTsx } from "./tsx.js";
import { stripsTypes, typedFile, unread } from "./typed.js";

type Import = (specifier: string) => Promise<Record<string, unknown>>;

/** Makes functions and modules as a given file would see them. */
export class Loader {
  readonly #file: string;
  #accepted = false;
  #import: Import | undefined;
  #require: NodeJS.Require | undefined;

  /** `file` is an absolute path or URL; it need not exist. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Compiles a function body; `import()` in it, and in what it makes of text, is resolved from the file. */
  compile(
    body: string,
    params: readonly string[],
    {
      suffix = "",
      lineOffset = 0,
      columnOffset = 0,
      imports = true,
    }: Compiling = {},
  ): (...args: unknown[]) => unknown {
    const place = { filename: this.#file + suffix, lineOffset, columnOffset };
    if (!imports) return compileFunction(body, params, place);
    if (!this.#accepted) acceptMainLoader();
    this.#accepted = true;
    return compileFunction(body, params, {
      ...place,
      importModuleDynamically: mainLoader,
    });
  }

  // Bound: they are handed to actions.
  readonly import = async (
    specifier: string,
  ): Promise<Record<string, unknown>> => {
    if (isSandboxed()) {
      const module = sandboxed(specifier, this.nodeRequire);
      if (module !== undefined)
        return wildcard(module) as Record<string, unknown>;
    }
    this.#import ??= this.compile("return import(specifier)", [
      "specifier",
    ]) as Import;
    const typed = typedFile(specifier, this.#file, "import");
    if (typed === undefined) return this.#import(specifier);
    const url = pathToFileURL(typed).href;
    if (hasTsx(this.#path)) return importWithTsx(url, this.#path, this.#import);
    if (stripsTypes()) return this.#import(url);
    try {
      // A loader that we do not know of may read it.
      return await this.#import(specifier);
    } catch (cause) {
      if (!isUnreadable(cause)) throw cause;
      throw new Error(`${specifier}: ${unread(typed)}`, { cause });
    }
  };

  readonly require = (specifier: string): unknown =>
    this.nodeRequire(specifier);

  /** The whole `require`, with `resolve` and `cache`. */
  get nodeRequire(): NodeJS.Require {
    return (this.#require ??= this.#makeRequire());
  }

  get url(): string {
    return isUrl(this.#file) ? this.#file : pathToFileURL(this.#file).href;
  }

  get #path(): string {
    return isUrl(this.#file) ? fileURLToPath(this.#file) : this.#file;
  }

  #makeRequire(): NodeJS.Require {
    const require = createRequire(this.#file);
    // A sandbox's own has its compiler.
    if (isSandboxed()) return require;
    const load = (specifier: string): unknown => {
      const typed = typedFile(specifier, this.#file, "require");
      if (typed === undefined) return require(specifier);
      return hasTsx(this.#path)
        ? requireWithTsx(typed, this.#path, require)
        : require(stripsTypes() ? typed : specifier);
    };
    const { resolve, cache, main } = require;
    return Object.assign(load, { resolve, cache, main }) as NodeJS.Require;
  }
}

function isUnreadable(cause: unknown): boolean {
  const { code } = cause as NodeJS.ErrnoException;
  return (
    code === "ERR_MODULE_NOT_FOUND" || code === "ERR_UNKNOWN_FILE_EXTENSION"
  );
}

export interface Compiling {
  /** Of the file's name, in stacks. */
  suffix?: string;
  lineOffset?: number;
  columnOffset?: number;
  /** Without, `import()` in it throws; what makes that work takes a child a millisecond. */
  imports?: boolean;
}

export function isUrl(text: string): boolean {
  return /^[a-z][a-z\d+.-]+:/i.test(text);
}

const compileFunction = vm.compileFunction as (
  ...args: Parameters<typeof vm.compileFunction>
) => (...args: unknown[]) => unknown;

const mainLoader = vm.constants
  .USE_MAIN_CONTEXT_DEFAULT_LOADER as unknown as undefined;

/**
 * Node warns once, on stderr, that this loader is experimental, at the first import through it. That
 * would be ours to the user's eyes: we make the first one ourselves, and keep the warning from being seen.
 */
function acceptMainLoader(): void {
  // The process of the main realm, which under Jest is not ours.
  const main = vm.runInThisContext("process") as typeof process;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is put back, not called
  const { emitWarning } = main;
  main.emitWarning = () => undefined;
  try {
    const load = vm.compileFunction('return import("node:vm")', [], {
      importModuleDynamically: mainLoader,
    });
    void (load as () => Promise<unknown>)();
  } finally {
    main.emitWarning = emitWarning;
  }
}
