import { tmpdir } from "node:os";
import path from "node:path";
import vm from "node:vm";

import { describe, expect, test } from "@jest/globals";

import { Capturer } from "../../src/actions/capture.js";
import { checked } from "../../src/actions/origin.js";
import { restore } from "../../src/actions/restore.js";

/** What a script that a tool wrote gives: a function. */
function bundled(script: string): (...args: unknown[]) => unknown {
  const filename = path.join(tmpdir(), "bundle.js");
  const fn: unknown = vm.runInThisContext(`(() => { ${script} })()`, {
    filename,
  });
  return fn as (...args: unknown[]) => unknown;
}

async function asJob(script: string, kwargs: object): Promise<unknown> {
  const action = await new Capturer().capture(bundled(script), "schedule");
  return (await restore(checked(action))).call(kwargs, {});
}

const refusal = (script: string) => async () =>
  new Capturer().capture(bundled(script), "schedule");

const naming =
  'var e = Object.defineProperty; var t = (o, r) => e(o, "name", {value: r, configurable: !0});';

describe("What a minifier has renamed is known by what it does:", () => {
  test("esbuild's naming of functions", async () => {
    const fn =
      't(function(){ let n = t(o => o, "twice"); return n.name }, "f")';
    expect(await asJob(`${naming} return ${fn}`, {})).toBe("twice");
  });

  test("esbuild's require in an ES module", async () => {
    const require = `var x = (e => e)(function(e) { throw Error('Dynamic require of "' + e + '" is not supported') });`;
    const fn = 'function f() { return x("node:path").join("a", "b") }';
    expect(await asJob(`${require} ${fn} return f`, {})).toBe("a/b");
  });

  test("but not if it is something else by now", async () => {
    const script = `${naming} t = null; return function() { return t(1) }`;
    await expect(refusal(script)()).rejects.toThrow("t at ");
  });
});

describe("A function may call itself", () => {
  const body = "({ n }) => n < 2 ? 1 : n *";
  test.each([
    ["by a var of a bundle", `var f = ${body} f({ n: n - 1 }); return f`],
    [
      "by a renamed one",
      `${naming} var f = t(${body} f({ n: n - 1 }), "f"); return f`,
    ],
    [
      "by an export of CommonJS",
      `const exports = {}; const f = ${body} (0, exports.f)({ n: n - 1 }); exports.f = f; return f`,
    ],
  ])("%s", async (_, script) => {
    expect(await asJob(script, { n: 5 })).toBe(120);
  });

  test.each([
    [
      "what is a function of it",
      `const wrap = (fn) => fn; const f = wrap(${body} f({ n: n - 1 })); return f`,
    ],
    [
      "what was given another value",
      `let f = ${body} f({ n: n - 1 }); const g = f; f = () => 0; return g`,
    ],
    [
      "another export",
      `const exports = { g: 1 }; const f = () => exports.g; exports.f = f; return f`,
    ],
    [
      "an export that is a function of it",
      `const exports = {}; const f = ${body} exports.f({ n: n - 1 }); exports.f = ((fn) => fn)(f); return f`,
    ],
    [
      "what is declared again",
      `var f = ${body} f({ n: n - 1 }); const g = f; var f = () => 0; return g`,
    ],
    [
      "one export among others",
      `const exports = { g: 1 }; const f = () => [exports.g, exports.f]; exports.f = f; return f`,
    ],
  ])("but not %s", async (_, script) => {
    await expect(refusal(script)()).rejects.toThrow(/cannot run in another/);
  });
});

test.each([
  "async () => (await Promise.resolve().then(() => (init_jobs(), jobs_exports))).a",
  "async () => (await Promise.resolve().then(()=>(y(),w))).a",
  'async () => (await __webpack_require__.e("jobs").then(() => (__webpack_require__("./jobs.js")))).a',
  "async () => (await r.e(826).then(()=>r(826))).a",
  "async () => (await Promise.resolve().then(r.t.bind(r,760,23))).a",
])("What a bundler made of import() is refused as that: %s", async (fn) => {
  const names = /\b(?:\w*(?:jobs_exports|webpack_require__)|[rw])\b/.exec(fn);
  await expect(refusal(`return ${fn}`)()).rejects.toThrow(
    `${String(names?.[0])} at `,
  );
  await expect(refusal(`return ${fn}`)()).rejects.toThrow(
    /a bundler made of an import\(\).*context\.import/,
  );
});
