import type { AnyNode, MetaProperty } from "acorn";

import {
  isBundled,
  isExportedAlone,
  ofBundle,
  renamedHelper,
} from "./bundled.js";
import { isGlobal } from "./globals.js";
import { obstacleOf, type TypedLoading, typedLoadings } from "./loading.js";
import type { Obstacle } from "./obstacle.js";
import type { FunctionOrigin } from "./origin.js";
import type { Parsed } from "./parse.js";
import type { Position } from "./position.js";
import {
  importName,
  isOfFile,
  isProvided,
  metaName,
  toHelper,
} from "./provided.js";
import type { Declaration, Reference } from "./scope.js";
import { readScopes } from "./scopes.js";
import { explain, isItself, type Surroundings } from "./surroundings.js";

export interface Analysis {
  code: string;
  origin: Pick<FunctionOrigin, "form" | "needs" | "self" | "based">;
  obstacles: Obstacle[];
  /** Whether the text alone tells all this, wherever it may stand. */
  pure: boolean;
}

/** Reads a function's text: what it needs around it, and what of that cannot be had in another process. */
export function analyse(
  text: string,
  { form, root, node, shift }: Parsed,
  position: Position | undefined,
  surroundings: Surroundings,
): Analysis {
  const { free, outer, metas, imports } = readScopes(root);
  const obstacles: Obstacle[] = [];
  const needs = new Set<string>();
  let self: string | undefined;
  const at = ({ start }: { start: number }): number => start - shift;

  const find = (name: string): Declaration | undefined =>
    position && surroundings.declaration(name, position);
  const isSelf = (name: string): boolean => {
    const declared = find(name);
    return (
      declared !== undefined && !!position && isItself(declared, position, find)
    );
  };

  if (node.generator)
    obstacles.push({ name: "function*", at: 0, ...generator });
  for (const word of outer) {
    const name = word.type === "Super" ? "super" : "this";
    obstacles.push({
      name,
      at: at(word),
      ...(name === "super" ? ofSuper : ofThis),
    });
  }
  for (const [name, uses] of grouped(free)) {
    const declared = find(name);
    const { text: script = "", file } = position?.script ?? {};
    const helper = declared && renamedHelper(declared, script);
    const ownExport =
      name === "exports" ? onlyMember(uses, text, at) : undefined;
    if (isProvided(name) && !(declared && isUsers(name, declared)))
      needs.add(name);
    else if (helper !== undefined) needs.add(`${name}=${helper}`);
    else if (
      ownExport !== undefined &&
      isSelf(ownExport) &&
      isExportedAlone(ownExport, script)
    ) {
      needs.add(name);
      self = ownExport;
    } else if (declared ? isSelf(name) : isGlobal(name) || isGuarded(uses)) {
      if (declared) self = name;
    } else {
      const found =
        name === "arguments"
          ? ofArguments
          : isBundled(name, text)
            ? ofBundle
            : explain(name, declared, { text: script, file });
      const first = uses.find(({ use }) => use !== "typeof") ?? uses[0];
      obstacles.push({ name, at: first ? at(first.node) : 0, ...found });
    }
  }
  if (metas.length > 0) needs.add(metaName);
  const loadings = loadingsOf(root, text, position);
  for (const loading of loadings) {
    const found = obstacleOf(loading, position?.script.file ?? "");
    if (found) obstacles.push({ ...found, at: at(loading.node) });
    else if (loading.isNative) needs.add(importName);
  }
  const based =
    imports ||
    usesContext(node, text) ||
    [...needs].some((need) => isOfFile(toHelper(need)));
  return {
    code: rewritten(text, metas, loadings, at),
    origin: {
      form,
      needs: [...needs].sort(),
      ...(self !== undefined && { self }),
      based,
    },
    obstacles: firsts(obstacles),
    pure: free.length === 0 && !based,
  };
}

const generator = {
  reason: "is a generator, which returns before it has run",
  cure: "take the * away, and return what the steps make",
};
const ofThis = {
  reason: "is nothing where the job runs",
  cure: "pass what you need of it in kwargs",
};
const ofSuper = {
  reason: "belongs to the object around it",
  cure: "use a module action",
};
const ofArguments = {
  reason: "are those of the function around it",
  cure: "pass them in kwargs",
};

function loadingsOf(
  root: AnyNode,
  text: string,
  position: Position | undefined,
): TypedLoading[] {
  const file = position?.script.file;
  // Most functions load nothing, and need not be walked again.
  return file !== undefined && /\b(?:require|\w*import\w*)\s*\(/.test(text)
    ? typedLoadings(root, file)
    : [];
}

/** Whether what is named like a compiler's helper, or like what a module is given, can be no such thing. */
function isUsers(name: string, { word, node }: Declaration): boolean {
  switch (word) {
    case "parameter":
      // Wrappers around modules have such.
      return !isOfFile(name) && !name.startsWith("__");
    case "class":
    case "catch":
    case "using":
    case "await using":
      return true;
    default:
      return node.type === "VariableDeclarator" && isPlain(node.init);
  }
}

/** A value in the code itself: helpers are functions, or imported. */
function isPlain(init: AnyNode | null | undefined): boolean {
  return (
    init?.type === "Literal" ||
    init?.type === "TemplateLiteral" ||
    init?.type === "ArrayExpression" ||
    init?.type === "NewExpression"
  );
}

/** Its second argument can import; so can whatever sees all arguments. */
function usesContext({ params }: Parsed["node"], text: string): boolean {
  return (
    params.length > 1 ||
    params[0]?.type === "RestElement" ||
    /\b(?:arguments|eval)\b/.test(text)
  );
}

/** `typeof maybe` of what is not there is no error; what else is done with it stands behind that question. */
function isGuarded(uses: readonly Reference[]): boolean {
  return (
    uses.some(({ use }) => use === "typeof") &&
    uses.every(({ use }) => use !== "write")
  );
}

/** The one member of it that is read: TypeScript's CommonJS calls what a module exports so, within the module too. */
function onlyMember(
  uses: readonly Reference[],
  text: string,
  at: (node: { start: number }) => number,
): string | undefined {
  const members = uses.map(({ name, node }) => {
    const rest = text.slice(at(node) + name.length);
    return /^\.([\w$]+)\b(?!\s*=[^=>])/.exec(rest)?.[1];
  });
  return members.every((one) => one === members[0]) ? members[0] : undefined;
}

function grouped(references: readonly Reference[]): Map<string, Reference[]> {
  const groups = new Map<string, Reference[]>();
  for (const reference of references) {
    const group = groups.get(reference.name);
    if (group) group.push(reference);
    else groups.set(reference.name, [reference]);
  }
  return groups;
}

/** One of each name, in the order of the text. */
function firsts(obstacles: readonly Obstacle[]): Obstacle[] {
  const byName = new Map(
    [...obstacles].reverse().map((one) => [one.name, one]),
  );
  return [...byName.values()].sort((a, b) => a.at - b.at);
}

/** A function is no module: `import.meta` becomes a name of the same length. So does an `import` that we must do for it. */
function rewritten(
  text: string,
  metas: readonly MetaProperty[],
  loadings: readonly TypedLoading[],
  at: (node: { start: number }) => number,
): string {
  let code = text;
  for (const { node, isNative } of loadings) {
    const end = at(node) + importName.length;
    if (isNative) code = code.slice(0, at(node)) + importName + code.slice(end);
  }
  for (const meta of metas) {
    const start = at(meta);
    const rest = code.slice(
      start + metaName.length,
      start + meta.end - meta.start,
    );
    code =
      code.slice(0, start) +
      metaName +
      rest.replace(/\S/g, " ") +
      code.slice(start + meta.end - meta.start);
  }
  return code;
}
