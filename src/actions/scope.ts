import type { AnyNode } from "acorn";

/** What declares a name. */
export interface Declaration {
  word: "const" | "let" | "var" | "using" | "await using" | "function" | "class" | "import" | "parameter" | "catch";
  node: AnyNode;
}

/** Where names are declared. `holdsVars`: `var` does not reach out of it. */
export class Scope {
  readonly names = new Map<string, Declaration>();

  constructor(
    readonly parent: Scope | undefined,
    readonly holdsVars: boolean,
  ) {}

  /** What declares a name as seen from here. */
  find(name: string): Declaration | undefined {
    return this.names.get(name) ?? this.parent?.find(name);
  }

  /** Where a `var` that stands here is declared. */
  get forVars(): Scope {
    return this.holdsVars || !this.parent ? this : this.parent.forVars;
  }
}
