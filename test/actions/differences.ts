import type { AnyNode } from "acorn";

import { analyse } from "../../src/actions/analyse.js";
import { childrenOf } from "../../src/actions/children.js";
import {
  type Parsed,
  parseFile,
  parseFunction,
} from "../../src/actions/parse.js";
import { Position } from "../../src/actions/position.js";
import { isProvided, toName } from "../../src/actions/provided.js";
import { readScopes } from "../../src/actions/scopes.js";
import { Surroundings } from "../../src/actions/surroundings.js";
import { Oracle, outerWords } from "./oracle.js";

export interface FunctionOfFile {
  node: AnyNode;
  /** Where its text begins, as `toString` gives it. */
  start: number;
  text: string;
}

/** A file, and what two readers of scopes say of its functions. */
export class ReadFile {
  readonly functions: readonly FunctionOfFile[];
  readonly #text: string;
  readonly #oracle: Oracle;
  readonly #surroundings = new Surroundings();

  /** Undefined if it is in no syntax of JavaScript's. */
  static of(text: string): ReadFile | undefined {
    const root = parseFile(text);
    return root?.type === "Program" ? new ReadFile(text, root) : undefined;
  }

  private constructor(text: string, root: AnyNode & { type: "Program" }) {
    this.#text = text;
    this.functions = functionsIn(root, text);
    this.#oracle = new Oracle(root, root.sourceType === "module");
  }

  /** The two sides, where they do not say the same. */
  differences({ node, start, text }: FunctionOfFile): string[][] {
    const parsed = parseFunction(text);
    const alone = differencesAlone(parsed);
    if (parsed.kind !== "function" && parsed.kind !== "method") return alone;
    const script = {
      id: "",
      file: "/jobs.js",
      text: this.#text,
      startLine: 0,
      startColumn: 0,
      map: undefined,
    };
    const place = { line: 0, column: 0 };
    const position = new Position(script, start, text.length, place);
    const { obstacles, origin } = analyse(
      text,
      parsed,
      position,
      this.#surroundings,
    );
    // What a minifier calls by other names is for tests of their own.
    const renamed = origin.needs.filter((need) => need !== toName(need));
    const known = renamed.map(toName);
    const ours = obstacles
      .map(({ name }) => name)
      .filter((name) => /^[\p{ID_Start}$_]/u.test(name))
      .filter((name) => !words.has(name) && !isProvided(name));
    return [
      ...alone,
      ...pairs(
        "in its file",
        ours.sort(),
        this.#oracle.taken(node, start).filter((name) => !known.includes(name)),
      ),
    ];
  }
}

/** The two sides about a function's text, wherever it may stand. */
export function differencesAlone({ root, node }: Parsed): string[][] {
  const { free, outer } = readScopes(root);
  const ours = free
    .filter(({ name }) => !name.startsWith("#"))
    .map(({ name, node }) => `${name}@${String(node.start)}`);
  const ourWords = outer.map(
    ({ type, start }) =>
      `${type === "Super" ? "super" : "this"}@${String(start)}`,
  );
  return [
    ...pairs("free", [...new Set(ours)].sort(), new Oracle(root).free()),
    ...pairs("words", ourWords.sort(), outerWords(root, node as AnyNode)),
  ];
}

const words = new Set(["this", "super", "function*"]);

function pairs(
  what: string,
  ours: readonly string[],
  theirs: readonly string[],
): string[][] {
  const [left, right] = [ours.join(" "), theirs.join(" ")];
  return left === right ? [] : [[what, left, right]];
}

function functionsIn(root: AnyNode, text: string): FunctionOfFile[] {
  const found: FunctionOfFile[] = [];
  const visit = (node: AnyNode, parent: AnyNode | undefined): void => {
    if (/^(?:Function|ArrowFunction)/.test(node.type)) {
      const start = startOf(node, parent, text);
      found.push({ node, start, text: text.slice(start, node.end) });
    }
    for (const child of childrenOf(node)) visit(child, node);
  };
  visit(root, undefined);
  return found;
}

/** A method's text begins at its name, or what stands before that; `static` is none of it. */
function startOf(
  node: AnyNode,
  parent: AnyNode | undefined,
  text: string,
): number {
  if (parent?.type === "MethodDefinition" && parent.value === node) {
    const word = parent.static
      ? /^static\s+/.exec(text.slice(parent.start, parent.end))
      : null;
    return parent.start + (word?.[0].length ?? 0);
  }
  const isMethod =
    parent?.type === "Property" && (parent.method || parent.kind !== "init");
  return isMethod && parent.value === node ? parent.start : node.start;
}
