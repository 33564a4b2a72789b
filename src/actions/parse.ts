import { type AnyNode, type Function as FunctionNode, parse } from "acorn";

import type { FunctionOrigin } from "./origin.js";

/** The text of a function, parsed. */
export interface Parsed {
  /** How much larger the nodes' positions are than those in the text. */
  shift: number;
  form: FunctionOrigin["form"];
  /** The whole: for a method, the object that holds it. */
  root: AnyNode;
  node: FunctionNode;
  kind: "function" | "method" | "get" | "set" | "class" | "other";
}

/** A method's text is no expression: it is tried as the member of an object. */
export function parseFunction(text: string): Parsed {
  try {
    return asExpression(text);
  } catch (cause) {
    try {
      return asMethod(text);
    } catch {
      throw cause;
    }
  }
}

/** A whole file, be it a module or a script. */
export function parseFile(text: string): AnyNode | undefined {
  for (const sourceType of ["module", "script"] as const) {
    try {
      return parse(text, {
        ...options,
        sourceType,
        allowReturnOutsideFunction: true,
        allowHashBang: true,
      });
    } catch {
      // The other kind, perhaps; or a syntax that only its compiler knows.
    }
  }
  return undefined;
}

// As a module: that is strict, as what we compile later will be.
const options = {
  ecmaVersion: "latest",
  sourceType: "module",
  checkPrivateFields: false,
} as const;

function asExpression(text: string): Parsed {
  const root = only(`(${text}\n)`);
  const node = root as FunctionNode & AnyNode;
  switch (node.type) {
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return { form: "expression", root, node, kind: "function", shift: 1 };
    default:
      return {
        form: "expression",
        root,
        node,
        kind: node.type === "ClassExpression" ? "class" : "other",
        shift: 1,
      };
  }
}

function asMethod(text: string): Parsed {
  const root = only(`({${text}\n})`);
  const member =
    root.type === "ObjectExpression" && root.properties.length === 1
      ? root.properties[0]
      : undefined;
  if (member?.type !== "Property") throw new SyntaxError("not a method");
  const node = member.value as FunctionNode & AnyNode;
  return {
    form: "method",
    root,
    node,
    kind: member.kind === "init" ? "method" : member.kind,
    shift: 2,
  };
}

function only(code: string): AnyNode {
  const { body } = parse(code, options);
  const statement = body[0];
  if (body.length !== 1 || statement?.type !== "ExpressionStatement")
    throw new SyntaxError("not one function");
  return statement.expression;
}
