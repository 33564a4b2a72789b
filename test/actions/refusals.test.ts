/* eslint-disable @typescript-eslint/unbound-method, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-member-access, prefer-rest-params -- such functions are what is tested */
import { runInThisContext } from "node:vm";

import { describe, expect, jest, test } from "@jest/globals";

import { Capturer } from "../../src/actions/capture.js";
import { ActionError } from "../../src/errors.js";

function problemsOf(fn: unknown): [name: string, reason: string][] {
  try {
    void new Capturer().capture(fn, "schedule");
  } catch (error) {
    if (error instanceof ActionError)
      return error.problems.map(({ name, reason }) => [name, reason]);
    throw error;
  }
  return [];
}

/** As code of a file that nobody can see. */
function made(text: string): unknown {
  return new Function(`return ${text}`)();
}

describe("is refused, with what it is:", () => {
  const holder = {
    *steps() {
      yield 1;
    },
    get value() {
      return 1;
    },
    up() {
      return String(super.toString);
    },
  };
  const plain = (a: number): number => a;
  class Job {
    #count = 0;
    run = () => this.#count;
    async #step() {
      return Promise.resolve(this.#count);
    }
    step = this.#step;
  }

  test.each<[string, unknown, string, RegExp]>([
    ["a native function", parseInt, "[native code]", /native code/],
    ["a bound function", plain.bind(null), "bind()", /is bound/],
    ["a Proxy", new Proxy(plain, {}), "Proxy", /is a Proxy/],
    ["a class", Job, "Job", /is a class/],
    [
      "a getter",
      Object.getOwnPropertyDescriptor(holder, "value")?.get,
      "get value",
      /is a getter/,
    ],
    ["a generator", holder.steps, "function*", /is a generator/],
    [
      "a method that needs its parent",
      holder.up,
      "super",
      /belongs to the object around it/,
    ],
    [
      "a method that needs its object",
      new Job().run,
      "this",
      /is nothing where the job runs/,
    ],
    ["a private method", new Job().step, "#step", /is private to its class/],
    [
      "an arrow function that needs the arguments around it",
      (function () {
        return () => arguments;
      })(),
      "arguments",
      /those of the function around it/,
    ],
    [
      "what a compiler moved elsewhere",
      made("function f() { return _ref.apply(this, arguments); }"),
      "arguments",
      /moved the code/,
    ],
    ["a mock", jest.fn(), "arguments", /moved the code/],
    [
      "a name that is nowhere",
      made("() => nowhere()"),
      "nowhere",
      /declared neither/,
    ],
    [
      "a test runner's global",
      made("() => expect(1)"),
      "expect",
      /declared neither/,
    ],
    [
      "Vite's import",
      made("() => (0, __vite_ssr_import_0__.helper)()"),
      "__vite_ssr_import_0__",
      /an import/,
    ],
    [
      "webpack's import",
      made("() => (0, _helper__WEBPACK_IMPORTED_MODULE_1__.x)()"),
      "_helper__WEBPACK_IMPORTED_MODULE_1__",
      /an import/,
    ],
    [
      "webpack's own require",
      made("() => __webpack_require__(1)"),
      "__webpack_require__",
      /declared neither/,
    ],
    [
      "TypeScript's import",
      made("() => helper_1.x()"),
      "helper_1",
      /an import/,
    ],
    [
      "an assignment to what is nowhere",
      made("() => { counter = 1 }"),
      "counter",
      /declared neither/,
    ],
    [
      "the module's own exports",
      made("() => exports.x()"),
      "exports",
      /belongs to the module/,
    ],
  ])("%s", (_what, fn, name, reason) => {
    const [first] = problemsOf(fn);
    expect(first?.[0]).toBe(name);
    expect(first?.[1]).toMatch(reason);
  });

  test("code that is no strict mode's", () => {
    const fn = made("function f(a) { with (a) { return b } }");
    expect(problemsOf(fn)[0]?.[1]).toMatch(
      /^cannot be parsed on its own \('with' in strict mode\)$/,
    );
  });

  test("text that was blanked", () => {
    const toString = jest
      .spyOn(Function.prototype, "toString")
      .mockReturnValue("   ");
    try {
      expect(problemsOf(plain)[0]).toEqual([
        "source text",
        "is blank, as in code that was compiled to bytecode",
      ]);
    } finally {
      toString.mockRestore();
    }
  });
});

describe("is refused though it is named like a global, however that is declared:", () => {
  test.each<[string, string]>([
    ["renamed in a pattern", "const { default: fetch } = {};"],
    ["with a default", "const { x: fetch = 1 } = {};"],
    ["over lines", "const {\n  a:\n  fetch\n} = {};"],
    ["a generator", "function *fetch() {}"],
    ["behind a comment", "const /* a */ fetch = 1;"],
    ["behind a line's comment", "const a = 1, // b\n fetch = 2;"],
    ["with an escape", "const f\\u0065tch = 1;"],
  ])("%s", (_what, code) => {
    const fn: unknown = runInThisContext(
      `(() => { ${code} return () => fetch("x") })()`,
    );
    expect(problemsOf(fn)[0]?.[0]).toBe("fetch");
  });

  test("and a function that asks for its type first", () => {
    const fn: unknown = runInThisContext(
      "(() => { const { a: mode } = {}; return () => typeof mode === 'object' && mode })()",
    );
    expect(problemsOf(fn)[0]?.[0]).toBe("mode");
  });
});

describe("is refused though it is named like a compiler's helper:", () => {
  test.each<[string, string, string]>([
    [
      "a text",
      "(() => { const __name = 'x'; return () => __name })()",
      "const",
    ],
    ["a number", "(() => { var cov_sum = 1; return () => cov_sum })()", "var"],
    ["a list", "(() => { let __rest = [1]; return () => __rest })()", "let"],
    [
      "a map",
      "(() => { const __read = new Map(); return () => __read })()",
      "const",
    ],
    [
      "a folder",
      "(() => { const __dirname = `/x`; return () => __dirname })()",
      "const",
    ],
    [
      "a class",
      "(() => { class __async {} return () => new __async() })()",
      "class",
    ],
    [
      "an error",
      "(() => { try { throw 1 } catch (_extends) { return () => _extends } })()",
      "catch",
    ],
    ["a parameter", "((_extends) => () => _extends)(1)", "parameter"],
  ])("%s", (_what, text, word) => {
    expect(problemsOf(runInThisContext(text))[0]?.[1]).toMatch(
      new RegExp(`^is an? ${word}`),
    );
  });

  test("but not what a module is given, or a compiler wrote", () => {
    const texts = [
      "((require) => () => require('node:os'))(1)",
      "(() => { var __name = (target, value) => target; return () => __name(1, 'x') })()",
      "(() => { const require = String(1); return () => require })()",
      "(() => { const import_meta = {}; return () => import_meta })()",
      "(() => { var _templateObject; return () => _templateObject })()",
    ];
    for (const text of texts)
      expect([text, problemsOf(runInThisContext(text))]).toEqual([text, []]);
  });
});

describe("is taken:", () => {
  test.each<[string, unknown]>([
    [
      "globals of the language and of Node",
      () => [
        Math,
        process,
        Buffer,
        URL,
        fetch,
        structuredClone,
        AbortSignal,
        globalThis,
      ],
    ],
    [
      "a question whether something is there",
      made("() => typeof nowhere === 'undefined' ? 1 : nowhere"),
    ],
    ["a helper of a compiler", made("() => __name(() => 1, 'x')")],
    [
      "counters of a coverage tool",
      made("(a = (cov_1x().b[0][0]++, 1)) => { cov_1x().s[0]++; return a }"),
    ],
    [
      "names like those of every object",
      made("(k) => { const toString = k; return toString }"),
    ],
    ["what makes code of text", () => [eval("1"), new Function("return 1")]],
  ])("%s", (_what, fn) => {
    expect(problemsOf(fn)).toEqual([]);
  });
});

test("names like those of every object are no helpers", () => {
  expect(
    problemsOf(made("() => [hasOwnProperty, __proto__]")).map(([name]) => name),
  ).toEqual(["hasOwnProperty", "__proto__"]);
});
