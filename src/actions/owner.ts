import type { AnyNode } from "acorn";

/** Whose `this` is meant where a walk through code has come to. The first function's is not its own: nobody calls it on anything. */
export class ThisOwner {
  #isInner = false;
  #inFunction = false;
  /** Where a compiler only passes the outer `this` on (see `passingThis`). */
  readonly #passing = new Set<AnyNode>();

  pass(parts: readonly AnyNode[]): void {
    for (const part of parts) this.#passing.add(part);
  }

  /** Whether a `this` or `super` is that of the surroundings of the code. */
  isOuter(word: AnyNode): boolean {
    return !this.#isInner && !this.#passing.has(word);
  }

  /** Walks what is called with a `this` of its own. */
  inside(walk: () => void): void {
    this.#within(true, walk);
  }

  insideFunction(node: AnyNode, walk: () => void): void {
    const isArrow = node.type === "ArrowFunctionExpression";
    const takesOver = isArrow || this.#passing.has(node) || !this.#inFunction;
    this.#within(takesOver ? this.#isInner : true, walk);
  }

  #within(isInner: boolean, walk: () => void): void {
    const before = [this.#isInner, this.#inFunction] as const;
    this.#isInner = isInner;
    this.#inFunction = true;
    walk();
    [this.#isInner, this.#inFunction] = before;
  }
}
