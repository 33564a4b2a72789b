import type { AnyNode } from "acorn";
import {
  analyze,
  type Reference,
  type ScopeManager,
  type Variable,
} from "eslint-scope";

import { childrenOf } from "../../src/actions/children.js";
import { isGlobal } from "../../src/actions/globals.js";
import { isProvided } from "../../src/actions/provided.js";

/** Scopes as eslint-scope reads them, whose code has nothing in common with ours. */
export class Oracle {
  readonly #references: readonly Reference[];
  /** Names of which only the type is asked. */
  readonly #asked: Set<object>;

  /** Of a whole file, or of a single function. */
  constructor(root: AnyNode, isModule = true) {
    giveRanges(root);
    this.#asked = typeofs(root);
    this.#references = managerOf(root, isModule).scopes.flatMap(
      (scope) => scope.references,
    );
  }

  /** `name@start` of each name that nothing in the code declares. */
  free(): string[] {
    const free = this.#references.filter(isFree).map(({ identifier }) => {
      const { name, start } = identifier as unknown as Named;
      return `${name}@${String(start)}`;
    });
    return [...new Set(free)].sort();
  }

  /** The names for which a function of the file must be refused; `start` is where its text begins. */
  taken(node: AnyNode, start: number): string[] {
    const isWithin = (inner: object): boolean =>
      (inner as Named).start >= start && (inner as AnyNode).end <= node.end;
    const taken = new Set<string>();
    const unknown: Reference[] = [];
    for (const reference of this.#references) {
      const { identifier, resolved } = reference;
      if (!isWithin(identifier)) continue;
      if (isFree(reference)) unknown.push(reference);
      else if (
        resolved &&
        !isWithin(resolved.scope.block) &&
        !isItself(resolved, node)
      )
        taken.add(resolved.name);
    }
    const nameOf = ({ identifier }: Reference): string =>
      (identifier as unknown as Named).name;
    for (const name of new Set(unknown.map(nameOf))) {
      const uses = unknown.filter((one) => nameOf(one) === name);
      const isGuarded =
        uses.some(({ identifier }) => this.#asked.has(identifier)) &&
        !uses.some((one) => one.isWrite());
      if (!isGlobal(name) && !isGuarded) taken.add(name);
    }
    return [...taken].filter((name) => !isProvided(name)).sort();
  }
}

interface Named {
  name: string;
  start: number;
}

/** `this@start` and `super@start` of what is not that of a function or class inside the function. */
export function outerWords(root: AnyNode, whole: AnyNode): string[] {
  const found: string[] = [];
  const visit = (node: AnyNode): void => {
    if (node.type === "ThisExpression" || node.type === "Super") {
      const word = node.type === "Super" ? "super" : "this";
      found.push(`${word}@${String(node.start)}`);
    }
    for (const child of childrenOf(node))
      if (!givesThis(node, child, whole)) visit(child);
  };
  visit(root);
  return found.sort();
}

/** Whether what stands in `child` has the `this` of `parent`. */
function givesThis(parent: AnyNode, child: AnyNode, whole: AnyNode): boolean {
  switch (parent.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
      return parent !== whole;
    case "PropertyDefinition":
      return child === parent.value;
    case "StaticBlock":
      return true;
    default:
      return false;
  }
}

function managerOf(root: AnyNode, isModule: boolean): ScopeManager {
  const { start, end, range } = root;
  const body = [{ type: "ExpressionStatement", expression: root }];
  const program =
    root.type === "Program"
      ? root
      : { type: "Program", body, start, end, range };
  return analyze(program as Parameters<typeof analyze>[0], {
    ecmaVersion: 2025,
    sourceType: isModule ? "module" : "commonjs",
    // A name in code that is text may be anything; both take those around it as they stand.
    ignoreEval: true,
  });
}

/** eslint-scope wants places as eslint's own parser writes them. */
function giveRanges(node: AnyNode): void {
  node.range = [node.start, node.end];
  for (const child of childrenOf(node)) giveRanges(child);
}

function isFree({ identifier, resolved, from }: Reference): boolean {
  if (resolved) return false;
  if ((identifier as unknown as Named).name !== "arguments") return true;
  // It does not find them from within parameters.
  for (let scope: typeof from | null = from; scope; scope = scope.upper) {
    const isFunction = scope.type === "function";
    if (isFunction && scope.block.type !== "ArrowFunctionExpression")
      return false;
  }
  return true;
}

/**
 * `function f() { f() }` and `const f = () => f()`, also with `let` and `var` if it is given no other value. The first
 * may be, but its text alone says what it means.
 */
function isItself({ defs, references }: Variable, whole: AnyNode): boolean {
  const definitions = defs as unknown as { node: AnyNode }[];
  const isKept =
    defs.length === 1 && references.every((one) => !one.isWrite() || one.init);
  return definitions.some(({ node }) =>
    node.type === "VariableDeclarator"
      ? isKept && node.init === whole
      : node === whole,
  );
}

function typeofs(root: AnyNode): Set<object> {
  const found = new Set<object>();
  const visit = (node: AnyNode): void => {
    if (node.type === "UnaryExpression" && node.operator === "typeof")
      found.add(node.argument);
    childrenOf(node).forEach(visit);
  };
  visit(root);
  return found;
}
