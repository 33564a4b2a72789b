import { describe, expect, test } from "@jest/globals";

import { Loader } from "../../src/actions/loader.js";
import { isProvided, provide } from "../../src/actions/provided.js";

/** As a text of a compiler finds it. */
function shim(name: string): (...args: never[]) => unknown {
  expect(isProvided(name)).toBe(true);
  return provide(name, new Loader(__filename)) as (...args: never[]) => unknown;
}

/** Runs what a compiler wrote, with what it calls. */
function run(code: string, ...names: string[]): unknown {
  return new Function(...names, `"use strict"; ${code}`)(...names.map(shim));
}

describe("async generators that a compiler made of plain ones", () => {
  test.each([
    ["__asyncGenerator", "__await", "__asyncGenerator(this, null, BODY)"],
    [
      "_wrap_async_generator",
      "_await_async_generator",
      "_wrap_async_generator(BODY)()",
    ],
  ])(
    "%s: what is thrown into them is caught in them",
    async (wrap, wait, made) => {
      const body = `function* () {
      try { yield "first" } catch (error) { yield yield yield ${wait}(Promise.resolve(error + "!")) }
      finally { log.push("left", yield ${wait}("late")) }
    }`;
      const code = `const log = []; return [log, ${made.replace("BODY", body)}]`;
      const [log, steps] = run(code, wrap, wait) as [
        unknown[],
        AsyncGenerator<unknown, unknown, unknown>,
      ];
      expect(await steps.next()).toEqual({ done: false, value: "first" });
      expect(await steps.throw("oh")).toEqual({ done: false, value: "oh!" });
      expect(await steps.next("sent")).toEqual({ done: false, value: "sent" });
      expect(await steps.return("gone")).toEqual({ done: true, value: "gone" });
      expect(log).toEqual(["left", "late"]);
    },
  );

  test("what they wait for in vain is thrown in them", async () => {
    const code = `return __asyncGenerator(this, null, function* () {
      try { yield __await(Promise.reject(new Error("no"))) } catch (error) { yield error.message }
    })`;
    const steps = run(code, "__asyncGenerator", "__await") as AsyncGenerator;
    expect(await steps.next()).toEqual({ done: false, value: "no" });
  });
});

describe("async functions that a compiler made of generators", () => {
  test.each([
    ["__awaiter", "__awaiter(this, void 0, void 0, BODY)"],
    ["__async", "__async(this, null, BODY)"],
    ["_async_to_generator", "_async_to_generator(BODY)()"],
    ["_asyncToGenerator2", "(0, _asyncToGenerator2.default)(BODY)()"],
  ])("%s: reject with what is thrown in them", async (name, made) => {
    const body = `function* () { try { yield Promise.reject(new Error("a")) } catch (e) { throw new Error(e.message + "b") } }`;
    await expect(
      run(`return ${made.replace("BODY", body)}`, name),
    ).rejects.toThrow("ab");
  });
});

describe("private members that a compiler made of WeakMaps", () => {
  test("cannot be reached by others", () => {
    const [mine, other] = [{}, {}];
    const fields = new WeakMap([[mine, 1]]);
    const of =
      (name: string, ...args: unknown[]): (() => unknown) =>
      () =>
        (shim(name) as (...all: unknown[]) => unknown)(...args);
    expect(of("__classPrivateFieldGet", mine, fields, "f")()).toBe(1);
    expect(of("__classPrivateFieldGet", other, fields, "f")).toThrow(TypeError);
    expect(of("__classPrivateFieldSet", other, fields, 2, "f")).toThrow(
      TypeError,
    );
    expect(of("__classPrivateFieldSet", mine, fields, 2, "m")).toThrow(
      /not writable/,
    );
    expect(of("__classPrivateFieldIn", fields, other)()).toBe(false);
    expect(of("__classPrivateFieldIn", fields, 5)).toThrow(TypeError);
    expect(of("__privateGet", mine, fields)()).toBe(1);
    expect(of("__privateGet", other, fields)).toThrow(TypeError);
    expect(of("__privateAdd", mine, fields, 3)).toThrow(/more than once/);
    expect(of("_classPrivateFieldGet2", fields, mine)()).toBe(1);
    expect(of("_classPrivateFieldGet2", fields, other)).toThrow(TypeError);
    expect(of("_assertClassBrand", fields, mine)()).toBe(mine);
    expect(of("_assertClassBrand", fields, mine, "method")()).toBe("method");
    expect(of("_assertClassBrand", fields, other, "method")).toThrow(TypeError);
  });
});

describe("using that a compiler took apart", () => {
  const dispose =
    (Symbol as { dispose?: symbol }).dispose ?? Symbol.for("Symbol.dispose");
  const asyncDispose =
    (Symbol as { asyncDispose?: symbol }).asyncDispose ??
    Symbol.for("Symbol.asyncDispose");

  test("keeps the first error, with the later one around it", () => {
    const fail = {
      [dispose]: () => {
        throw new Error("closing");
      },
    };
    const scope = { stack: [], error: new Error("body"), hasError: true };
    (shim("__addDisposableResource") as (...all: unknown[]) => unknown)(
      scope,
      fail,
      false,
    );
    try {
      (shim("__disposeResources") as (...all: unknown[]) => unknown)(scope);
    } catch (error) {
      expect(error).toMatchObject({
        name: "SuppressedError",
        error: { message: "closing" },
        suppressed: { message: "body" },
      });
      return;
    }
    throw new Error("was not thrown");
  });

  test("waits for each that is asynchronous, the last first", async () => {
    const log: string[] = [];
    const one = {
      [asyncDispose]: async () => {
        await Promise.resolve();
        log.push("one");
      },
    };
    const two = { [dispose]: () => log.push("two") };
    const stack: unknown[] = [];
    const using = shim("__using") as (...all: unknown[]) => unknown;
    using(stack, one, true);
    using(stack, two, true);
    using(stack, null, true);
    await (shim("__callDispose") as (...all: unknown[]) => unknown)(
      stack,
      undefined,
      false,
    );
    expect(log).toEqual(["two", "one"]);
    expect(() => using([], {}, false)).toThrow(/not disposable/);
  });
});

describe("objects", () => {
  test("rest leaves out what was taken, and keeps symbols", () => {
    const symbol = Symbol("s");
    const rest = shim("__rest") as (...all: unknown[]) => unknown;
    expect(rest({ a: 1, 2: 2, c: 3, [symbol]: 4 }, ["a", 2])).toEqual({
      c: 3,
      [symbol]: 4,
    });
    expect(rest(null, [])).toEqual({});
  });

  test("strings of a template are frozen, with their raw form", () => {
    const strings = (
      shim("__makeTemplateObject") as (...all: unknown[]) => unknown
    )(["a\n"], ["a\\n"]) as TemplateStringsArray;
    expect([
      strings[0],
      strings.raw[0],
      Object.isFrozen(strings),
      Object.isFrozen(strings.raw),
    ]).toEqual(["a\n", "a\\n", true, true]);
  });

  test("what is required is as if it were imported", () => {
    const module = { a: 1 };
    const esModule = { __esModule: true, default: 2 };
    expect(
      (shim("__importStar") as (m: unknown) => unknown)(module),
    ).toMatchObject({ a: 1, default: module });
    expect(
      (shim("_interop_require_wildcard") as (m: unknown) => unknown)(esModule),
    ).toBe(esModule);
    expect(
      (shim("__importDefault") as (m: unknown) => unknown)(module),
    ).toEqual({ default: module });
  });
});

test("import.meta tells of the file", () => {
  const meta = provide("import$meta", new Loader(__filename)) as ImportMeta;
  expect(meta.url).toBe(`file://${__filename}`);
  expect([meta.filename, meta.dirname]).toEqual([__filename, __dirname]);
  expect(meta.resolve("./x.js")).toBe(`file://${__dirname}/x.js`);
  expect(meta.resolve("acorn")).toMatch(/^file:.*acorn/);
  expect(meta.resolve("file:///a/b.js")).toBe("file:///a/b.js");
});
