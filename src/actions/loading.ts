import type { AnyNode } from "acorn";

import { childrenOf } from "./children.js";
import type { Obstacle } from "./obstacle.js";
import { isSandboxed } from "./sandbox.js";
import { hasTsx } from "./tsx.js";
import { stripsTypes, typedFile, type Way } from "./typed.js";
import { viteImport, vitePath } from "./vite.js";

/** Where code loads a module that it names by a path, and the file which that means to a compiler alone. */
export interface TypedLoading {
  node: AnyNode;
  specifier: string;
  /** Whether it is `import()`, of which Node tells us nothing. */
  isNative: boolean;
  file: string;
}

/**
 * Under a test runner a path may lead to what only the runner's compiler finds or reads. What other compilers
 * write finds its files as it is, and a child has the loaders of its host.
 */
export function typedLoadings(root: AnyNode, from: string): TypedLoading[] {
  const found: TypedLoading[] = [];
  const visit = (node: AnyNode): void => {
    const loading = toLoading(node, from);
    if (loading) found.push(loading);
    childrenOf(node).forEach(visit);
  };
  visit(root);
  return found;
}

/** What stands in the way of it, if no process can read the file but by the runner. */
export function obstacleOf(
  { node, specifier, file }: TypedLoading,
  from: string,
): Omit<Obstacle, "at"> | undefined {
  if (stripsTypes() || hasTsx(from)) return undefined;
  const what = JSON.stringify(specifier);
  const install = "install tsx in the project, which then reads it";
  // Jest's own `require` does so there.
  const here = `or for workers in this process alone load it with context.import(${what})`;
  return {
    name: what,
    reason: `is ${file}, which the test runner compiles: a worker's process cannot read it`,
    cure:
      node.type === "CallExpression" && isSandboxed()
        ? `${install}, ${here}`
        : install,
  };
}

function toLoading(node: AnyNode, from: string): TypedLoading | undefined {
  const [source, way, isVite] = sourceOf(node);
  if (source?.type !== "Literal" || typeof source.value !== "string")
    return undefined;
  if (!isVite && !isSandboxed()) return undefined;
  const specifier = source.value;
  const path = isVite ? vitePath(specifier, from) : specifier;
  const file = typedFile(path, from, way);
  const isNative = node.type === "ImportExpression";
  return file === undefined ? undefined : { node, specifier, isNative, file };
}

function sourceOf(
  node: AnyNode,
): [source: AnyNode | undefined, way: Way, isVite: boolean] {
  if (node.type === "ImportExpression") return [node.source, "import", false];
  const none = [undefined, "import", false] as const;
  if (node.type !== "CallExpression" || node.callee.type !== "Identifier")
    return [...none];
  const { name } = node.callee;
  if (name === "require") return [node.arguments[0], "require", false];
  return name === viteImport ? [node.arguments[0], "import", true] : [...none];
}
