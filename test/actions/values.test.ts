import { runInNewContext } from "node:vm";

import { describe, expect, test } from "@jest/globals";

import { toJson } from "../../src/actions/values.js";
import { ValueError } from "../../src/errors.js";

function refusal(
  value: unknown,
  limit?: number,
): { path: string; reason: string } {
  try {
    toJson(value, "kwargs", limit);
  } catch (error) {
    if (error instanceof ValueError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

class Point {
  x = 1;
}

describe("a value that JSON cannot carry is refused with its path and what it is:", () => {
  const cycle: Record<string, unknown> = { list: [] };
  (cycle.list as unknown[]).push({ back: cycle.list });
  const circle: Record<string, unknown> = {};
  circle.self = circle;

  test.each<[string, unknown, string, RegExp]>([
    ["a function", { a: [() => 1] }, "kwargs.a[0]", /a function/],
    ["a symbol", { a: Symbol("s") }, "kwargs.a", /a symbol/],
    ["a BigInt", { n: 1n }, "kwargs.n", /a BigInt/],
    ["NaN", { user: { tags: ["a", "b", NaN] } }, "kwargs.user.tags[2]", /NaN/],
    ["Infinity", [-Infinity], "kwargs[0]", /-Infinity/],
    [
      "undefined in an array",
      { a: [1, undefined] },
      "kwargs.a[1]",
      /undefined/,
    ],
    ["a hole in an array", [1, , 3], "kwargs[1]", /undefined/],
    ["a Map", { m: new Map() }, "kwargs.m", /a Map/],
    ["a Set", new Set(), "kwargs", /a Set/],
    ["a class instance", { "a b": new Point() }, 'kwargs["a b"]', /a Point/],
    ["an Error", new Error("x"), "kwargs", /an Error/],
    ["a RegExp", { r: /x/ }, "kwargs.r", /a RegExp/],
    ["a typed array", { t: new Uint8Array(1) }, "kwargs.t", /a Uint8Array/],
    ["a boxed number", { n: Object(1) as unknown }, "kwargs.n", /a Number/],
    ["a promise", { p: Promise.resolve(1) }, "kwargs.p", /not been awaited/],
    ["an invalid Date", { d: new Date(NaN) }, "kwargs.d", /invalid Date/],
    [
      "a symbol as a name",
      { a: { [Symbol("s")]: 1 } },
      'kwargs.a["Symbol(s)"]',
      /symbol/,
    ],
    [
      "a cycle",
      { cycle },
      "kwargs.cycle.list[0].back",
      /is kwargs\.cycle\.list again/,
    ],
    ["itself", circle, "kwargs.self", /is kwargs again/],
    [
      "a toJSON that gives no plain value",
      { toJSON: () => new Map() },
      "kwargs",
      /a Map/,
    ],
    ["a toJSON that gives itself", endless(), "kwargs", /no plain value/],
  ])("%s", (_what, value, path, reason) => {
    const error = refusal(value);
    expect(error.path).toBe(path);
    expect(error.reason).toMatch(reason);
  });

  function endless(): object {
    const value = { toJSON: (): object => value };
    return value;
  }
});

describe("a value that throws when it is looked at is refused with its path and the reason:", () => {
  const fail = (): never => {
    throw new RangeError("gotcha");
  };
  const getter = (name: string): object =>
    Object.defineProperty({ before: 1 }, name, { get: fail, enumerable: true });

  test.each<[string, unknown, string]>([
    ["a getter", { user: getter("tag") }, "kwargs.user.tag"],
    ["a getter in a list", [[1, getter("tag")]], "kwargs[0][1].tag"],
    ["a toJSON", { list: [1, { toJSON: fail }] }, "kwargs.list[1]"],
    ["a getter of a toJSON", { user: getter("toJSON") }, "kwargs.user"],
    ["itself", getter("x"), "kwargs.x"],
    ["its own toJSON", { toJSON: fail }, "kwargs"],
    [
      "a Proxy",
      { user: new Proxy({}, { get: () => 1, ownKeys: fail }) },
      "kwargs.user",
    ],
  ])("%s", (_what, value, path) => {
    const error = refusal(value);
    expect([error.path, error.reason]).toEqual([path, "cannot be read"]);
    expect(error).toHaveProperty("cause.message", "gotcha");
  });
});

describe("what arrives is what was sent:", () => {
  test.each<[string, unknown]>([
    ["plain objects and arrays", { a: [1, "x", true, null, { b: {} }], c: [] }],
    [
      "an object without prototype",
      Object.assign(Object.create(null) as object, { a: 1 }),
    ],
    ["lone surrogates", { "\udc00": "a\ud800b" }],
    [
      "huge and tiny numbers",
      [Number.MAX_VALUE, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER, -1e-7],
    ],
    ["a string of 16 MiB", "é".repeat(2 ** 24)],
    ["the same object twice", ((one) => ({ a: one, b: one }))({ x: 1 })],
    ["an object of a thousand levels", nest(1_000)],
  ])("%s", (_what, value) => {
    expect(JSON.parse(toJson(value, "kwargs"))).toEqual(value);
  });

  test("__proto__ is a name like others", () => {
    const value = JSON.parse('{"__proto__":{"x":1},"when":0}') as Record<
      string,
      unknown
    >;
    value.when = new Date(0);
    const arrived = JSON.parse(toJson(value, "kwargs")) as object;
    expect(Object.keys(arrived)).toEqual(["__proto__", "when"]);
    expect(Object.getPrototypeOf(arrived)).toBe(Object.prototype);
  });

  test("__proto__ is one also where a Date stands below it", () => {
    const value = JSON.parse('{"__proto__":{"when":0}}') as Record<
      string,
      { when: unknown }
    >;
    (Object.values(value)[0] ?? { when: 0 }).when = new Date(0);
    expect(toJson(value, "kwargs")).toBe(
      '{"__proto__":{"when":"1970-01-01T00:00:00.000Z"}}',
    );
  });

  test("values of another realm are plain too", () => {
    expect(
      toJson(
        runInNewContext("({ a: [1, { b: null }], d: new Date(0) })"),
        "kwargs",
      ),
    ).toBe('{"a":[1,{"b":null}],"d":"1970-01-01T00:00:00.000Z"}');
    expect(refusal(runInNewContext("({ m: new Map() })")).path).toBe(
      "kwargs.m",
    );
  });
});

describe("what JSON itself has a word for is taken as it does:", () => {
  test.each<[string, unknown, string]>([
    [
      "a Date is its ISO string",
      { d: new Date(0) },
      '{"d":"1970-01-01T00:00:00.000Z"}',
    ],
    ["toJSON speaks for its object", new URL("http://a/b"), '"http://a/b"'],
    [
      "a property that is undefined is left out",
      { a: undefined, b: 1 },
      '{"b":1}',
    ],
    [
      "a property whose toJSON gives undefined is left out",
      { a: { toJSON: () => undefined } },
      "{}",
    ],
    ["-0 is 0", -0, "0"],
    ["nothing at all is null", undefined, "null"],
  ])("%s", (_what, value, json) => {
    expect(toJson(value, "result")).toBe(json);
  });

  test("toJSON is called once, with its name", () => {
    const names: string[] = [];
    const value = { toJSON: (name: string) => names.push(name) };
    expect(toJson({ a: [value], b: value }, "kwargs")).toBe('{"a":[1],"b":2}');
    expect(names).toEqual(["0", "b"]);
  });

  test("the value given is not changed", () => {
    const date = new Date(0);
    const value = Object.freeze({ list: Object.freeze([date]), date });
    toJson(value, "kwargs");
    expect(value.list[0]).toBe(date);
  });
});

test("nesting too deep to be read with SQL is refused, however deep it goes", () => {
  expect(refusal(nest(1_001)).reason).toMatch(/nested more than 1000 levels/);
  expect(refusal(nest(1_000_000)).reason).toMatch(
    /nested more than 1000 levels/,
  );
});

test("the limit counts bytes of UTF-8", () => {
  expect(toJson("é".repeat(4), "result", 10)).toBe('"éééé"');
  expect(refusal("é".repeat(5), 10).reason).toBe(
    "takes 12 bytes as JSON, the limit is 10",
  );
  expect(refusal("x".repeat(2 ** 24), 2 ** 24).reason).toBe(
    "takes 16,777,218 bytes as JSON, the limit is 16,777,216",
  );
});

function nest(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { a: value };
  return value;
}
