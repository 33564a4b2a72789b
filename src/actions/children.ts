import type { AnyNode } from "acorn";

/** The nodes right below one, in the order of the code. */
export function childrenOf(node: AnyNode): AnyNode[] {
  return (Object.values(node) as unknown[]).flat().filter(isNode);
}

function isNode(value: unknown): value is AnyNode {
  return typeof (value as AnyNode | null | undefined)?.type === "string";
}
