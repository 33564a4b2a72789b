import { describe, expect, test } from "@jest/globals";

import { parseFunction } from "../../src/actions/parse.js";
import { readScopes } from "../../src/actions/scopes.js";

/** Names taken from outside, and `this` or `super` if they are. */
function outside(text: string): string[] {
  const { free, outer } = readScopes(parseFunction(text).root);
  const words = outer.map(({ type }) => (type === "Super" ? "super" : "this"));
  return [...new Set([...free.map(({ name }) => name), ...words])].sort();
}

describe("takes nothing from outside:", () => {
  test.each([
    ["var is hoisted out of blocks", "() => { x = 1; { var x } return x }"],
    ["functions are hoisted", "() => { return f(); function f() {} }"],
    ["let of a block", "() => { { let x = 1; x } }"],
    [
      "parameters and their defaults",
      "(a, { b, c: [d = a], ...e } = {}, ...f) => [a, b, d, e, f]",
    ],
    [
      "a loop's own variables",
      "() => { for (let i = 0; i < 1; i++) i; for (const x of []) x; for (const k in {}) k }",
    ],
    [
      "a var in a loop's head, after it",
      "() => { for (var i = 0; i < 1; i++); return i }",
    ],
    [
      "what catch binds",
      "() => { try {} catch ({ message, ...rest }) { message, rest } }",
    ],
    [
      "a switch's block",
      "(a) => { switch (a) { case 1: let x = 1; default: x } }",
    ],
    ["its own name", "function f() { f() }"],
    ["the name of a function expression inside", "() => function g() { g }"],
    [
      "the name of a class, inside and after",
      "() => { class A { static a = A; b() { A } } new A() }",
    ],
    [
      "the name of a class expression",
      "() => class A extends (class {}) { static a = A }",
    ],
    [
      "own arguments",
      "function f() { return arguments[0] + (() => arguments.length)() }",
    ],
    [
      "labels",
      "() => { outer: for (;;) { inner: for (;;) { continue outer; break inner } } }",
    ],
    [
      "property names",
      "(a) => { a.b; a?.c; ({ d: 1, e() {}, get f() { return 1 } }); a.b.g = 1 }",
    ],
    ["shorthand of what is declared", "(a) => ({ a })"],
    [
      "destructuring to what is declared",
      "(a, b) => { [a, b.c, { d: b }] = []; ({ a, b = 1, ...b.e } = {}) }",
    ],
    [
      "private names",
      "() => class { #a = 1; #b() { return this.#a } static c(x) { return #a in x && x.#b() } }",
    ],
    [
      "this of functions and classes inside",
      "() => { function f() { this } class A { a = this; static { this } b() { return () => this } } }",
    ],
    [
      "this of methods and accessors inside",
      "() => ({ a() { return this }, get b() { return this } })",
    ],
    [
      "super of classes inside",
      "() => class extends (class {}) { constructor() { super() } a() { return super.a } }",
    ],
    ["super of methods inside", "() => ({ a() { return super.a } })"],
    ["new.target", "function f() { return new.target }"],
    ["names in templates and tags that are declared", "(a, tag) => tag`x${a}`"],
    ["regular expressions", "() => /outer/.test('outer')"],
    ["a var of a static block", "() => class { static { var x = 1; x } }"],
    ["a method", "method(a) { return a }"],
    ["an async generator method", "async *method(a) { yield a }"],
    [
      "what a compiler passes on as this",
      "function f() { return ({}).__awaiter(this, void 0, void 0, function* () { yield 1 }) }",
    ],
  ])("%s", (_what, text) => {
    expect(outside(text)).toEqual([]);
  });
});

describe("takes from outside:", () => {
  test.each([
    [
      "a name read, called, made",
      "() => { a; b(); new C(); d`x` }",
      ["C", "a", "b", "d"],
    ],
    [
      "a name written",
      "() => { a = 1; b++; [c] = []; ({ d, e: [f] } = {}); for (g of []); for (h in {}); }",
      ["a", "b", "c", "d", "f", "g", "h"],
    ],
    ["typeof a name", "() => typeof a", ["a"]],
    ["shorthand", "() => ({ a })", ["a"]],
    [
      "computed names",
      "(x) => { x[a]; ({ [b]: 1, [c]() {} }); class A { [d] = 1; static [e]() {} } }",
      ["a", "b", "c", "d", "e"],
    ],
    ["the holder of a property", "() => a.b.c", ["a"]],
    [
      "a default that the body only seems to declare",
      "(a = b) => { var b; return a }",
      ["b"],
    ],
    ["a let of another block", "() => { { let x } return x }", ["x"]],
    [
      "what a switch is asked of, which its block does not declare",
      "() => { switch (a) { default: let a; } }",
      ["a"],
    ],
    ["a class's parent", "() => class extends A {}", ["A"]],
    [
      "a block's function, after the block",
      "() => { { function f() {} } f() }",
      ["f"],
    ],
    ["what catch bound, after it", "() => { try {} catch (e) {} e }", ["e"]],
    ["arguments, in an arrow function", "() => arguments", ["arguments"]],
    [
      "the name of a function expression, after it",
      "() => { (function g() {}); g }",
      ["g"],
    ],
    ["this", "function f() { return this }", ["this"]],
    [
      "this, in an arrow function inside",
      "function f() { return () => this }",
      ["this"],
    ],
    [
      "this, as a class's parent or computed name",
      "() => class extends this.A { [this.b]() {} }",
      ["this"],
    ],
    [
      "super, of the method itself",
      "method() { return super.method() }",
      ["super"],
    ],
    [
      "this in what a compiler made a generator",
      "function f() { return __awaiter(this, void 0, void 0, function* () { this.x }) }",
      ["__awaiter", "this"],
    ],
    [
      "this in what swc and Babel made a generator",
      "function f() { return _async_to_generator(function* () { this.x }).call(this) }",
      ["_async_to_generator", "this"],
    ],
    ["the computed name of the method itself", "[a]() {}", ["a"]],
    [
      "a label's name where it is no label",
      "() => { a: for (;;) break a; a }",
      ["a"],
    ],
  ])("%s", (_what, text, names) => {
    expect(outside(text)).toEqual(names);
  });
});

test("import() and every import.meta are told", () => {
  const { imports, metas } = readScopes(
    parseFunction("() => [import('x'), import.meta.url, () => import.meta]")
      .root,
  );
  expect(imports).toBe(true);
  expect(metas.length).toBe(2);
});
