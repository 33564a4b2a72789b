import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { describe, expect, jest, test } from "@jest/globals";

import { Capturer } from "../../src/actions/capture.js";
import { moduleActions } from "../../src/actions/declare.js";
import { checked } from "../../src/actions/origin.js";
import { restore } from "../../src/actions/restore.js";
import type { NewAction } from "../../src/models/action.js";

const file = join(__dirname, "samples/modules.ts");
const actions = moduleActions<typeof import("./samples/modules.js")>(
  pathToFileURL(file),
);

async function called(row: NewAction, kwargs: unknown): Promise<unknown> {
  return (await restore(checked(row))).call(kwargs, { job: { id: 7 } });
}

describe("an export of a module", () => {
  test("runs with what its module imports", async () => {
    const row = await new Capturer().capture(actions.resize, "schedule");
    expect(row).toMatchObject({
      code: "",
      methodname: "resize",
      actorname: pathToFileURL(file).href,
    });
    expect(await called(row, { width: 3 })).toEqual({ area: 9, by: 42 });
    expect(
      await called(await new Capturer().capture(actions.greet, "schedule"), {}),
    ).toBe("hello nobody 7");
  });

  test.each([
    ["a URL", pathToFileURL(file)],
    ["a URL as text", pathToFileURL(file).href],
    ["a path", file],
    ["a path as seen from the caller", "./samples/modules.ts"],
    ["the name that the compiler will give it", "./samples/modules.js"],
  ])("is found by %s", async (_what, module) => {
    const row = await new Capturer().capture(
      { module, method: "resize" },
      "schedule",
    );
    expect(await called(row, { width: 2 })).toEqual({ area: 4, by: 42 });
  });

  test("of a package is found as the caller finds it", async () => {
    const row = await new Capturer().capture(
      { module: "acorn", method: "isIdentifierChar" },
      "schedule",
    );
    expect(row.actorname).toBe("acorn");
    expect(await called(row, 97)).toBe(true);
  });

  test("of Node is found", async () => {
    const row = await new Capturer().capture(
      { module: "node:path", method: "basename" },
      "schedule",
    );
    expect((await restore(checked(row))).call("/a/b.c", ".c")).toBe("b");
  });

  test("is looked at once, and then at hand at once", async () => {
    const capturer = new Capturer();
    const row = await capturer.capture(actions.resize, "schedule");
    expect(
      capturer.capture({ module: file, method: "resize" }, "schedule"),
    ).toBe(row);
  });

  test("has its key by module and name", async () => {
    const capturer = new Capturer();
    const { key } = await capturer.capture(actions.resize, "schedule");
    expect((await new Capturer().capture(actions.resize, "schedule")).key).toBe(
      key,
    );
    expect((await capturer.capture(actions.greet, "schedule")).key).not.toBe(
      key,
    );
  });

  test("is the one of the test, where the test mocks it", async () => {
    jest.doMock("./samples/relative", () => ({ answer: 1 }));
    jest.resetModules();
    const row = await new Capturer().capture(actions.resize, "schedule");
    expect(await called(row, { width: 1 })).toEqual({ area: 1, by: 1 });
  });
});

describe("is refused at once:", () => {
  test.each([
    [
      "a module that is not there",
      "./missing.js",
      "x",
      /"x" of module file:.*missing\.js cannot be used: /,
    ],
    [
      "an export that is not there",
      "./samples/modules.js",
      "crop",
      /it has no such export \(it exports .*resize/,
    ],
    [
      "an export that is no function",
      "./samples/modules.js",
      "version",
      /that export is no function but string/,
    ],
    [
      "a package that is not there",
      "no-such-package",
      "x",
      /"x" of module no-such-package cannot be used: .*no-such-package/,
    ],
  ])("%s", async (_what, module, method, message) => {
    const capturing = new Capturer().capture({ module, method }, "schedule");
    await expect(capturing).rejects.toThrow(/^schedule: /);
    await expect(capturing).rejects.toThrow(message);
  });

  test.each([
    ["nothing", undefined, "undefined"],
    ["a number", 5, "5"],
    ["a text", "resize", '"resize"'],
    ["an object without a method", { module: "./x.js" }, '{"module":"./x.js"}'],
    [
      "an object with another",
      { module: "./x.js", method: 1 },
      '{"module":"./x.js","method":1}',
    ],
  ])("%s as an action", (_what, given, shown) => {
    expect(() => new Capturer().capture(given, "schedule")).toThrow(
      `schedule: ${shown} is no action, expected a function or { module, method }`,
    );
  });
});

test("what is declared loads nothing", () => {
  const { anything } = moduleActions<{ anything(): void }>("./no-such-file.js");
  expect(anything).toEqual({
    module: pathToFileURL(join(__dirname, "no-such-file.js")).href,
    method: "anything",
  });
  expect(readFileSync(file, "utf8")).toContain("resize");
});
