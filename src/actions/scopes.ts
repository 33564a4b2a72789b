import type {
  AnyNode,
  Class,
  Function as FunctionNode,
  Identifier,
  MetaProperty,
  Super,
  ThisExpression,
} from "acorn";

import { childrenOf } from "./children.js";
import { passingThis } from "./lowered.js";
import { ThisOwner } from "./owner.js";
import { walkPattern } from "./pattern.js";
import {
  type Declaration,
  type FunctionPlace,
  type Named,
  type Reference,
  resolve,
  Scope,
  type Scopes,
} from "./scope.js";

/** Walks code, by the rules of strict mode, and tells which names it takes from outside. */
export function readScopes(root: AnyNode): Scopes {
  const walk = new Walk();
  walk.visit(root, new Scope(undefined, true));
  const free = resolve(walk.references);
  const { outer, metas, imports, functions } = walk;
  return { free, outer, metas, imports, functions };
}

type Nodes = readonly (AnyNode | null | undefined)[];

class Walk {
  readonly references: Reference[] = [];
  readonly outer: (ThisExpression | Super)[] = [];
  readonly metas: MetaProperty[] = [];
  readonly functions: FunctionPlace[] = [];
  imports = false;
  readonly #owner = new ThisOwner();

  visit(node: AnyNode | null | undefined, scope: Scope): void {
    if (!node) return;
    switch (node.type) {
      case "Identifier":
        this.#refer(node, "read", scope);
        return;
      case "ThisExpression":
      case "Super":
        if (this.#owner.isOuter(node)) this.outer.push(node);
        return;
      case "MetaProperty":
        if (node.meta.name === "import") this.metas.push(node);
        return;
      case "ImportExpression":
        this.imports = true;
        this.#children(node, scope);
        return;
      case "FunctionDeclaration":
        this.#declare(node.id, { word: "function", node }, scope);
        this.#function(node, scope);
        return;
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        this.#function(node, scope);
        return;
      case "ClassDeclaration":
        this.#declare(node.id, { word: "class", node }, scope);
        this.#class(node, scope);
        return;
      case "ClassExpression":
        this.#class(node, scope);
        return;
      case "PropertyDefinition":
        if (node.computed) this.visit(node.key, scope);
        this.#member([node.value], scope);
        return;
      case "StaticBlock":
        this.#member(node.body, scope);
        return;
      case "MethodDefinition":
      case "Property":
        if (node.computed) this.visit(node.key, scope);
        this.visit(node.value, scope);
        return;
      case "MemberExpression":
        this.visit(node.object, scope);
        if (node.computed || node.property.type === "PrivateIdentifier")
          this.visit(node.property, scope);
        return;
      case "PrivateIdentifier":
        this.#refer({ ...node, name: `#${node.name}` }, "read", scope);
        return;
      case "BlockStatement":
      case "ForStatement":
        this.#children(node, new Scope(scope, false));
        return;
      case "SwitchStatement":
        this.visit(node.discriminant, scope);
        this.#each(node.cases, new Scope(scope, false));
        return;
      case "ForInStatement":
      case "ForOfStatement": {
        const inner = new Scope(scope, false);
        if (node.left.type === "VariableDeclaration")
          this.visit(node.left, inner);
        else this.#assign(node.left, inner);
        this.visit(node.right, inner);
        this.visit(node.body, inner);
        return;
      }
      case "CatchClause": {
        const inner = new Scope(scope, false);
        this.#bind(node.param, { word: "catch", node }, inner);
        this.visit(node.body, inner);
        return;
      }
      case "VariableDeclaration": {
        const holder = node.kind === "var" ? scope.forVars : scope;
        for (const declarator of node.declarations) {
          const by = { word: node.kind, node: declarator };
          this.#bind(declarator.id, by, holder, scope);
          this.visit(declarator.init, scope);
        }
        return;
      }
      case "AssignmentExpression":
        this.#assign(node.left, scope);
        this.visit(node.right, scope);
        return;
      case "UpdateExpression":
        this.#assign(node.argument, scope);
        return;
      case "UnaryExpression":
        if (node.operator === "typeof" && node.argument.type === "Identifier") {
          this.#refer(node.argument, "typeof", scope);
        } else this.visit(node.argument, scope);
        return;
      case "CallExpression":
        this.#owner.pass(passingThis(node));
        this.#children(node, scope);
        return;
      case "LabeledStatement":
        this.visit(node.body, scope);
        return;
      case "ImportDeclaration":
        for (const { local } of node.specifiers)
          this.#declare(local, { word: "import", node }, scope);
        return;
      case "ExportNamedDeclaration":
        this.visit(node.declaration, scope);
        return;
      case "ExportAllDeclaration":
      case "BreakStatement":
      case "ContinueStatement":
        return;
      default:
        this.#children(node, scope);
    }
  }

  #function(node: FunctionNode, scope: Scope): void {
    this.functions.push({ start: node.start, end: node.end, scope });
    const isArrow = node.type === "ArrowFunctionExpression";
    const named = new Scope(scope, false);
    const itself: Declaration = { word: "function", node: node as AnyNode };
    if (node.type === "FunctionExpression")
      this.#declare(node.id, itself, named);
    // Defaults of parameters do not see what the body declares.
    const params = new Scope(named, true);
    if (!isArrow) params.names.set("arguments", itself);
    const run = (): void => {
      for (const param of node.params)
        this.#bind(param, { word: "parameter", node: param }, params);
      const body = new Scope(params, true);
      if (node.body.type === "BlockStatement") this.#each(node.body.body, body);
      else this.visit(node.body, body);
    };
    this.#owner.insideFunction(node as AnyNode, run);
  }

  #class(node: Class, scope: Scope): void {
    const inner = new Scope(scope, false);
    this.#declare(node.id, { word: "class", node: node as AnyNode }, inner);
    this.visit(node.superClass, inner);
    for (const member of node.body.body) {
      if ("key" in member && member.key.type === "PrivateIdentifier")
        inner.names.set(`#${member.key.name}`, { word: "class", node: member });
    }
    for (const member of node.body.body) {
      if (member.type !== "MethodDefinition") this.visit(member, inner);
      else {
        if (member.computed) this.visit(member.key, inner);
        this.#owner.inside(() => this.#function(member.value, inner));
      }
    }
  }

  /** What runs for a class or its instances, with their `this`. */
  #member(nodes: Nodes, scope: Scope): void {
    this.#owner.inside(() => this.#each(nodes, new Scope(scope, true)));
  }

  /** Names that are assigned to. */
  #assign(node: AnyNode, scope: Scope): void {
    walkPattern(
      node,
      (name) => this.#refer(name, "write", scope),
      (expression) => this.visit(expression, scope),
    );
  }

  /** Names that `holder` will hold; what stands in the pattern is seen from `scope`. */
  #bind(
    node: AnyNode | null | undefined,
    by: Declaration,
    holder: Scope,
    scope = holder,
  ): void {
    walkPattern(
      node,
      (name) => this.#declare(name, by, holder),
      (expression) => this.visit(expression, scope),
    );
  }

  #declare(
    id: Identifier | null | undefined,
    by: Declaration,
    scope: Scope,
  ): void {
    if (!id) return;
    const again = scope.names.has(id.name);
    scope.names.set(id.name, again ? { ...by, isWritten: true } : by);
  }

  #refer(node: Named, use: Reference["use"], scope: Scope): void {
    this.references.push({ name: node.name, use, node, scope });
  }

  #each(nodes: Nodes, scope: Scope): void {
    for (const node of nodes) this.visit(node, scope);
  }

  #children(node: AnyNode, scope: Scope): void {
    this.#each(childrenOf(node), scope);
  }
}
