import type { AnyNode, MetaProperty, Super, ThisExpression } from "acorn";

/** An identifier, or what is private to a class, with its #. */
export interface Named {
  name: string;
  start: number;
}

/** What declares a name. */
export interface Declaration {
  word:
    | "const"
    | "let"
    | "var"
    | "using"
    | "await using"
    | "function"
    | "class"
    | "import"
    | "parameter"
    | "catch";
  node: AnyNode;
  /** Whether something gives the name another value later. */
  isWritten?: boolean;
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

/** A name that the code uses. */
export interface Reference {
  name: string;
  use: "read" | "write" | "typeof";
  node: Named;
  scope: Scope;
}

/** Notes in what is declared that it is written; gives the references to what nothing declares. */
export function resolve(references: readonly Reference[]): Reference[] {
  return references.filter(({ name, use, scope }) => {
    const declared = scope.find(name);
    if (declared && use === "write") declared.isWritten = true;
    return !declared;
  });
}

export interface FunctionPlace {
  start: number;
  end: number;
  scope: Scope;
}

/** What `readScopes` found. */
export interface Scopes {
  /** Names that nothing in the code declares. */
  free: Reference[];
  /** `this` and `super` that are not those of a function or class inside the code. */
  outer: (ThisExpression | Super)[];
  /** Every `import.meta`. */
  metas: MetaProperty[];
  /** Whether there is an `import()`. */
  imports: boolean;
  /** Every function, and the scope it stands in. */
  functions: FunctionPlace[];
}
