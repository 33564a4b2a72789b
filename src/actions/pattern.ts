import type { AnyNode, Identifier } from "acorn";

/** Walks what stands left of a `=`, or in a parameter: the names it gives values to, and the expressions in it. */
export function walkPattern(
  node: AnyNode | null | undefined,
  onName: (name: Identifier) => void,
  onExpression: (expression: AnyNode) => void,
): void {
  const walk = (inner: AnyNode | null | undefined): void => {
    walkPattern(inner, onName, onExpression);
  };
  if (!node) return;
  switch (node.type) {
    case "Identifier":
      onName(node);
      return;
    case "AssignmentPattern":
      walk(node.left);
      onExpression(node.right);
      return;
    case "RestElement":
      walk(node.argument);
      return;
    case "ArrayPattern":
      node.elements.forEach(walk);
      return;
    case "ObjectPattern":
      node.properties.forEach(walk);
      return;
    case "Property":
      if (node.computed) onExpression(node.key);
      walk(node.value);
      return;
    default:
      onExpression(node);
  }
}
