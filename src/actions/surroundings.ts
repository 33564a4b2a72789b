import type { AnyNode } from "acorn";

import { renamedHelper } from "./bundled.js";
import type { Finding } from "./finding.js";
import { parseFile } from "./parse.js";
import type { Position, Script } from "./position.js";
import type { Declaration, Scopes } from "./scope.js";
import { readScopes } from "./scopes.js";
import { writtenPath } from "./vite.js";

/** The code around functions: what the names mean that they take from there. */
export class Surroundings {
  #script: Script | undefined;
  #scopes: Scopes | undefined;

  /** What declares the name for a function at this position; undefined if nothing does. */
  declaration(
    name: string,
    { script, offset, length }: Position,
  ): Declaration | undefined {
    // Reading a whole script takes its time: most can be seen to declare no such name.
    if (!mayDeclare(script.text, name)) return undefined;
    if (this.#script !== script) {
      this.#script = script;
      const file = parseFile(script.text);
      this.#scopes = file && readScopes(file);
    }
    // A method's text begins before what the parser calls its function; no two begin and end alike.
    const end = offset + length;
    const here = this.#scopes?.functions.filter(
      (one) => one.end === end && one.start >= offset,
    );
    here?.sort((a, b) => a.start - b.start);
    return here?.[0]?.scope.find(name);
  }
}

/**
 * Whether a function at this position is what the declaration gives its name to: `const f = () => f()`.
 * `find` tells of the names that stand beside it.
 */
export function isItself(
  { word, node, isWritten }: Declaration,
  { offset, length, script }: Position,
  find: (name: string) => Declaration | undefined,
): boolean {
  const isHere = (one: AnyNode | null | undefined): boolean =>
    one?.start === offset && one.end === offset + length;
  if (word === "function") return isHere(node);
  // Bundlers and older targets write `var` for `const`.
  if (isWritten || node.type !== "VariableDeclarator") return false;
  const { init } = node;
  if (init?.type !== "CallExpression") return isHere(init);
  const { callee } = init;
  if (callee.type !== "Identifier") return false;
  const helper = find(callee.name);
  const isName =
    callee.name === "__name" ||
    (helper && renamedHelper(helper, script.text) === "__name");
  return isName === true && isHere(init.arguments[0]);
}

/** What can be told of a name from its declaration, or if there is none from the name alone. */
export function explain(
  name: string,
  declared: Declaration | undefined,
  { text, file }: Pick<Script, "text" | "file">,
): Finding {
  const module = declared ? moduleOf(declared, text) : mangledModule(name);
  if (module !== undefined) {
    const named = file === undefined ? module : writtenPath(module, file);
    const what =
      named === ""
        ? "is an import"
        : `is an import of ${JSON.stringify(named)}`;
    const load = `await context.import(${JSON.stringify(named || "...")})`;
    return {
      reason: what,
      cure: `load it inside: ${statement(name, declared, load)}, or use a module action`,
    };
  }
  if (name.startsWith("#"))
    return { reason: "is private to the class around it", cure: passIt };
  if (name === "exports" || name === "module")
    return {
      reason: "belongs to the module the function stands in",
      cure: "use a module action",
    };
  if (declared === undefined)
    return {
      reason: "is declared neither in the function nor by Node",
      cure: passIt,
    };
  if (isEnum(name, text))
    return {
      reason: "is an enum outside of the function",
      cure: `pass the value in kwargs, or use a module action`,
    };
  const inside = "declare it inside the function, or use a module action";
  switch (declared.word) {
    case "function":
      return { reason: "is a function outside of it", cure: inside };
    case "class":
      return { reason: "is a class outside of the function", cure: inside };
    case "parameter":
      return {
        reason: "is a parameter of the function around it",
        cure: passIt,
      };
    default:
      return {
        reason: `is a ${declared.word} outside of the function`,
        cure: passIt,
      };
  }
}

const passIt = "pass it in kwargs, or use a module action";

/** Whether anything in the text could declare the name; what can only be a use of it is passed over. */
function mayDeclare(text: string, name: string): boolean {
  // A name may be written with escapes.
  if (text.includes("\\u")) return true;
  let at = -1;
  while ((at = text.indexOf(name, at + 1)) !== -1) {
    const before = text.slice(Math.max(0, at - 20), at);
    const after = text.slice(at + name.length, at + name.length + 20);
    if (/[\w$]$|(?<!\.\.)\.$/.test(before) || /^[\w$]/.test(after)) continue;
    if (/^\s*[.?[`]/.test(after)) continue;
    // What is followed by this is called, unless it is what declares it.
    if (/^\s*\(/.test(after) && !/(?:\bfunction\s*|[*/\n]\s*)$/.test(before))
      continue;
    return true;
  }
  return false;
}

/** The module that an import, or what a compiler made of it, names; '' if it is one that names nothing. */
function moduleOf(
  { word, node }: Declaration,
  text: string,
): string | undefined {
  if (node.type === "ImportDeclaration") return String(node.source.value);
  const code = text.slice(node.start, node.end);
  if (word === "parameter" || node.end - node.start > 2_000) return undefined;
  return /\b(?:require|__webpack_require__|__vite_ssr_import__|import)\([^"'()]*["']([^"']+)["']/.exec(
    code,
  )?.[1];
}

/** What declares the name by that, as its import did. */
function statement(
  name: string,
  declared: Declaration | undefined,
  load: string,
): string {
  const specifiers =
    declared?.node.type === "ImportDeclaration" ? declared.node.specifiers : [];
  const specifier = specifiers.find(({ local }) => local.name === name);
  switch (specifier?.type) {
    case undefined:
      return load;
    case "ImportDefaultSpecifier":
      return `const ${name} = (${load}).default`;
    case "ImportNamespaceSpecifier":
      return `const ${name} = ${load}`;
    case "ImportSpecifier": {
      const { imported } = specifier;
      const outer =
        imported.type === "Identifier" ? imported.name : imported.raw!;
      return `const { ${outer === name ? name : `${outer}: ${name}`} } = ${load}`;
    }
  }
}

/** Most compilers write the module's name into what they call it. */
function mangledModule(name: string): string | undefined {
  if (/^__vi(?:te_ssr)?_import_\d+__$/.test(name)) return "";
  const found =
    /^(.+?)__WEBPACK_(?:IMPORTED|EXTERNAL)_MODULE_\w+$/.exec(name) ??
    /^import_(\w+)$/.exec(name) ??
    /^(\w+)_\d+$/.exec(name);
  return found ? "" : undefined;
}

function isEnum(name: string, text: string): boolean {
  return (
    text.includes(`(${name} || (${name} = {}))`) ||
    text.includes(`(${name} || {})`) ||
    text.includes(`(${name}||{})`)
  );
}
