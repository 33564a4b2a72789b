import { ActionError } from "../errors.js";
import type { Checked, NewAction } from "../models/action.js";
import { loaderOf, loadExport } from "./export.js";
import { Loader } from "./loader.js";
import type { FunctionOrigin, ModuleOrigin, Origin } from "./origin.js";
import { provide, toHelper, toName } from "./provided.js";
import { compiledSuffix, Trace } from "./trace.js";

/** An action made ready to run, with what its context needs of it. */
export interface RestoredAction {
  /** Runs it once. Throws, rejects, returns as the function does. */
  call(kwargs: unknown, context: unknown): unknown;
  /** `context.import`: as seen from the action's file. */
  import(specifier: string): Promise<unknown>;
  /** `context.require`: as seen from the action's file. */
  require(specifier: string): unknown;
  /** A stack with the places in the compiled text replaced by those in the user's file. */
  mapStack(stack: string): string;
}

/** Makes an action of its row again; throws an ActionError, and runs nothing of it, if the row is not what was stored. */
export async function restore(
  action: Checked<NewAction>,
): Promise<RestoredAction> {
  if (!action.intact) throw damaged(action);
  const origin = JSON.parse(action.origin) as Origin;
  return origin.kind === "module"
    ? restoreModule(action, origin)
    : restoreFunction(action, origin);
}

function damaged({ methodname, actorname }: NewAction): ActionError {
  return new ActionError(
    `action ${methodname || "(anonymous)"} of ${actorname} does not match its key: it was damaged or changed after it was stored, and is not run`,
  );
}

async function restoreModule(
  { methodname }: NewAction,
  origin: ModuleOrigin,
): Promise<RestoredAction> {
  const loader = loaderOf(origin);
  const call = await loadExport(origin.module, methodname, loader);
  return {
    call: unbound(call),
    import: loader.import,
    require: loader.require,
    mapStack: (stack) => stack,
  };
}

function restoreFunction(
  action: NewAction,
  origin: FunctionOrigin,
): RestoredAction {
  const loader = new Loader(origin.file);
  const call = compile(action, origin, loader);
  const trace = new Trace(action.actorname, origin);
  return {
    call: unbound(call),
    import: loader.import,
    require: loader.require,
    mapStack: (stack) => trace.map(stack),
  };
}

/** As a method of what `restore` returns it would see that as its `this`. */
function unbound(fn: RestoredAction["call"]): RestoredAction["call"] {
  return (kwargs, context) => fn(kwargs, context);
}

function compile(
  { code, methodname }: NewAction,
  origin: FunctionOrigin,
  loader: Loader,
): RestoredAction["call"] {
  const { form, self, needs, line = 0, column = 0, map } = origin;
  const before = `"use strict"; ${self === undefined ? "return" : `const ${self} =`} (${form === "method" ? "{" : ""}`;
  // It may call itself as an export.
  const exported = needs.includes("exports")
    ? `exports.${String(self)} = ${String(self)}; `
    : "";
  const after = `\n${form === "method" ? "}" : ""}); ${self === undefined ? "" : `${exported}return ${self};`}`;
  const names = needs.map(toName);
  const values = needs.map((need) => provide(toHelper(need), loader));
  // Places say where the text stood; if a map leads on from there, only how far into the text.
  const start = map
    ? { suffix: compiledSuffix, line: 0, column: 0 }
    : { suffix: "", line, column };
  const make = loader.compile(before + code + after, names, {
    suffix: start.suffix,
    lineOffset: start.line,
    columnOffset: start.column - before.length,
    imports: origin.based || makesCode.test(code),
  });
  const made = make(...values);
  const fn = (
    form === "method" ? methodOf(made as object) : made
  ) as RestoredAction["call"];
  if (fn.name !== methodname)
    Object.defineProperty(fn, "name", {
      value: methodname,
      configurable: true,
    });
  return fn;
}

/** What is made of text may import, too. */
const makesCode = /\b(?:Function|constructor|import)\b/;

/** Under whatever name, which may have been computed. */
function methodOf(holder: object): unknown {
  const [name] = Reflect.ownKeys(holder);
  return name === undefined ? undefined : Reflect.get(holder, name);
}
