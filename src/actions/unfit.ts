import { types } from "node:util";

/** Why a function's text cannot be looked into, or is no action; undefined if it can be parsed. */
export function whyUnfit(
  fn: object,
  text: string,
): { name: string; reason: string; cure: string } | undefined {
  if (types.isProxy(fn))
    return {
      name: "Proxy",
      reason: "is a Proxy, whose text nobody can read",
      cure: elsewhere,
    };
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) return native(fn);
  const name = /^(?:async\b\s*)?(?:\*\s*|[gs]et\s+)?(#[\w$]+)\s*\(/.exec(
    text,
  )?.[1];
  if (name !== undefined) {
    return {
      name,
      reason: "is private to its class, and no function without it",
      cure: elsewhere,
    };
  }
  if (/^[\s\u200b]*$/.test(text)) {
    return {
      name: "source text",
      reason: "is blank, as in code that was compiled to bytecode",
      cure: elsewhere,
    };
  }
  if (
    /\breturn\s+\(?\w+\)?\.apply\(this,\s*arguments\);?\s*\}\s*$/.test(text) &&
    text.length < 400
  ) {
    return {
      name: "arguments",
      reason:
        "are only passed on: a compiler moved the code itself into another function",
      cure: "compile for ES2017 or later, which has async functions, or use a module action",
    };
  }
  return undefined;
}

export const elsewhere =
  "wrap it in a function of its own, or use a module action";

function native({ name }: { name?: unknown }): {
  name: string;
  reason: string;
  cure: string;
} {
  const isBound = typeof name === "string" && name.startsWith("bound ");
  const reason = isBound
    ? "is bound: what it is bound to would be lost"
    : "is native code, which has no text";
  return {
    name: isBound ? "bind()" : "[native code]",
    reason,
    cure: elsewhere,
  };
}
