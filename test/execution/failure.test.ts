import { writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";

import { describe, expect, test } from "@jest/globals";

import { toJobError } from "../../src/execution/failure.js";
import { temporaryFolder } from "../support/instance.js";

/** What is kept, after its way through the database. */
function kept(thrown: unknown): Record<string, unknown> {
  const failure = toJobError(thrown);
  const stored = JSON.parse(JSON.stringify(failure)) as Record<string, unknown>;
  expect(stored).toEqual(failure);
  return stored;
}

describe("of an error is kept", () => {
  test("its name, message, stack and code", () => {
    const error = Object.assign(new TypeError("no"), { code: "E_NO" });
    expect(kept(error)).toEqual({
      name: "TypeError",
      message: "no",
      stack: expect.stringContaining("TypeError: no\n    at "),
      code: "E_NO",
    });
  });

  test("what Node leaves out of a module that is not found: there is one in TypeScript", () => {
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, "mail.ts"), "");
    const notFound = (name: string): Error =>
      Object.assign(new Error(`Cannot find module '${name}'`), {
        code: "ERR_MODULE_NOT_FOUND",
        url: pathToFileURL(path.join(folder, name)).href,
      });
    expect(kept(notFound("mail.js")).message).toBe(
      `Cannot find module 'mail.js' (there is ${folder}/mail.ts, but this process reads no TypeScript: install tsx in its project, or run Node under it (node --import tsx))`,
    );
    expect(kept(notFound("post.js")).message).toBe(
      "Cannot find module 'post.js'",
    );
  });

  test("the name of a class of the user's", () => {
    class PaymentError extends Error {
      override name = "PaymentError";
    }
    expect(kept(new PaymentError("x")).name).toBe("PaymentError");
  });

  test("its own fields, as far as JSON carries them", () => {
    const error = Object.assign(new Error("x"), {
      status: 404,
      body: { a: [1] },
      when: new Date(0),
      raw: new Map(),
      f: () => 1,
    });
    expect(kept(error)).toMatchObject({
      status: 404,
      body: { a: [1] },
      when: "1970-01-01T00:00:00.000Z",
    });
    expect(Object.keys(kept(error)).sort()).toEqual([
      "body",
      "message",
      "name",
      "stack",
      "status",
      "when",
    ]);
  });

  test("the chain of its causes", () => {
    const error = new Error("outer", {
      cause: new RangeError("inner", { cause: "a text" }),
    });
    expect(kept(error)).toMatchObject({
      message: "outer",
      cause: { name: "RangeError", message: "inner", cause: "a text" },
    });
  });

  test("the errors of an AggregateError", () => {
    const error = new AggregateError(
      [new TypeError("a"), "b", { c: 1 }],
      "all",
    );
    expect(kept(error)).toMatchObject({
      name: "AggregateError",
      message: "all",
      errors: [{ name: "TypeError", message: "a" }, "b", { c: 1 }],
    });
  });

  test("the errors in its own fields, and in lists there", () => {
    const original = new TypeError("first", { cause: new Error("before") });
    const error = Object.assign(new Error("x"), {
      original,
      failures: [original, new RangeError("second"), "third"],
    });
    const first = { name: "TypeError", message: "first" };
    expect(kept(error)).toMatchObject({
      original: { ...first, cause: { message: "before" } },
      failures: [first, { name: "RangeError", message: "second" }, "third"],
    });
  });

  test("both errors of a SuppressedError, whose fields cannot be enumerated", () => {
    const error = Object.defineProperties(new Error("x"), {
      error: { value: new Error("later") },
      suppressed: { value: new Error("earlier") },
    });
    expect(kept(error)).toMatchObject({
      error: { message: "later" },
      suppressed: { message: "earlier" },
    });
  });

  test("what another realm threw", () => {
    const error: unknown = runInNewContext(
      "const e = new RangeError('far'); e.cause = new TypeError('near'); e",
    );
    expect(kept(error)).toMatchObject({
      name: "RangeError",
      message: "far",
      cause: { name: "TypeError", message: "near" },
    });
  });

  test("a DOMException", () => {
    expect(kept(new DOMException("left", "AbortError"))).toMatchObject({
      name: "AbortError",
      message: "left",
      code: 20,
    });
  });

  test("no fact of the host's that it only claims", () => {
    expect(
      kept(Object.assign(new Error("x"), { dependencyFailure: 5 })),
    ).not.toHaveProperty("dependencyFailure");
  });
});

describe("what is no error is kept as it is:", () => {
  test.each<[string, unknown, string, unknown]>([
    ["a text", "x", "x", "x"],
    ["null", null, "null", null],
    ["a number", 5, "5", 5],
    ["an object", { a: 1 }, '{"a":1}', { a: 1 }],
  ])("%s", (_what, thrown, message, value) => {
    expect(kept(thrown)).toEqual({
      name: "NonError",
      message,
      stack: `NonError: ${message}`,
      thrown: value,
    });
  });

  test.each<[string, unknown, string]>([
    ["undefined", undefined, "undefined"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["a BigInt", 5n, "5"],
    ["a function", function thrown() {}, "function thrown() {}"],
    [
      "an object without prototype that has a cycle",
      cycle(),
      "[object Object]",
    ],
  ])("%s, by its text", (_what, thrown, message) => {
    expect(kept(thrown)).toMatchObject({ name: "NonError", message });
    expect(kept(thrown)).not.toHaveProperty("thrown");
  });

  function cycle(): object {
    const value = Object.create(null) as Record<string, unknown>;
    value.self = value;
    return value;
  }
});

describe("what is made to break it does not:", () => {
  test("getters that throw", () => {
    const fail = (): never => {
      throw new Error("gotcha");
    };
    const plain = new Error("x");
    // Written down before its name can throw.
    expect(plain.stack).toContain("x");
    const error = Object.defineProperties(plain, {
      name: { get: fail },
      message: { get: fail },
      stack: { get: fail },
      cause: { get: fail },
      extra: { get: fail, enumerable: true },
    });
    expect(kept(error)).toEqual({
      name: "Error",
      message: "",
      stack: "Error: ",
    });
  });

  test("a Proxy whose traps throw", () => {
    const fail = (): never => {
      throw new Error("gotcha");
    };
    const error: object = new Proxy(new Error("x"), {
      get: fail,
      ownKeys: fail,
    });
    expect(kept(error).name).toBe("NonError");
    const value: object = new Proxy({}, { get: fail });
    expect(kept(value)).toMatchObject({
      name: "NonError",
      message: "a value that cannot be read",
    });
  });

  test("lists whose items cannot be read", () => {
    const get = (): never => {
      throw new Error("gotcha");
    };
    const list: object = new Proxy([new Error("y")], { get });
    const error = Object.assign(new Error("x"), { errors: list, list });
    expect(kept(error)).toMatchObject({ message: "x", errors: [] });
  });

  test("causes in a circle", () => {
    const error = new Error("a");
    error.cause = new Error("b", { cause: error });
    expect(kept(error)).toMatchObject({
      cause: {
        message: "b",
        cause: { message: "a", stack: "Error: a (told above)" },
      },
    });
  });

  test("causes without end", () => {
    let error = new Error("0");
    for (let i = 1; i < 1_000; i++)
      error = new Error(String(i), { cause: error });
    expect(JSON.stringify(kept(error)).length).toBeLessThan(300 * 1024);
  });

  test("errors without end", () => {
    const errors = Array.from(
      { length: 10_000 },
      (_, i) => new Error(String(i)),
    );
    const failure = kept(new AggregateError(errors, "all"));
    expect((failure.errors as unknown[]).length).toBeLessThan(100);
  });

  test("lists of errors in lists of errors", () => {
    const tree = (levels: number): Error =>
      levels === 0
        ? new Error("x".repeat(100))
        : new AggregateError(
            Array.from({ length: 20 }, () => tree(levels - 1)),
          );
    expect(JSON.stringify(kept(tree(3))).length).toBeLessThan(1024 * 1024);
  });

  test("a message that is huge, which is cut with a mark", () => {
    const failure = kept(new Error("x".repeat(10_000_000)));
    expect((failure.message as string).length).toBeLessThan(66 * 1024);
    expect(failure.message).toMatch(
      /\.\.\. \[cut, 10000000 characters in all\]$/,
    );
    expect(JSON.stringify(failure).length).toBeLessThan(300 * 1024);
  });

  test("fields that are huge, which are left out", () => {
    const failure = kept(
      Object.assign(new Error("x"), { big: "x".repeat(100_000), small: 1 }),
    );
    expect(failure).toMatchObject({ small: 1 });
    expect(failure).not.toHaveProperty("big");
  });

  test("a name or message that is no text", () => {
    const error = Object.assign(new Error("x"), { name: 5, message: { a: 1 } });
    expect(kept(error)).toMatchObject({ name: "Error", message: "" });
  });

  test("fields of JSON's own traps", () => {
    const error = Object.assign(new Error("x"), {
      toJSON: () => ({ stolen: true }),
    });
    Object.defineProperty(error, "__proto__", {
      value: { a: 1 },
      enumerable: true,
    });
    expect(Object.keys(kept(error)).sort()).toEqual([
      "message",
      "name",
      "stack",
    ]);
  });
});

test("frames of this package are left out of the stack, and Node's below the user's", () => {
  const error = new Error("x");
  const own = `    at Runner.run (${require.resolve("../../src/execution/failure")}:1:2)`;
  const user = "    at job (/home/user/jobs.js:3:4)";
  const node =
    "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)";
  error.stack = [
    "Error: x",
    "    at internal (node:internal/fs:1:1)",
    user,
    own,
    node,
    own,
  ].join("\n");
  expect(kept(error).stack).toBe(
    ["Error: x", "    at internal (node:internal/fs:1:1)", user].join("\n"),
  );
});

test("a stack of this package alone is kept whole", () => {
  const error = new Error("x");
  error.stack = `Error: x\n    at run (${require.resolve("../../src/execution/failure")}:1:2)`;
  expect(kept(error).stack).toBe(error.stack);
});
