import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInThisContext } from "node:vm";

import { describe, expect, test } from "@jest/globals";
import { transformSync } from "@swc/core";

import { Capturer } from "../../src/actions/capture.js";
import { checked } from "../../src/actions/origin.js";
import { restore } from "../../src/actions/restore.js";
import { ActionError } from "../../src/errors.js";
import { toJobError } from "../../src/execution/failure.js";
import type { NewAction } from "../../src/models/action.js";

/** `file:line:column` of a text in a file, as a stack says it. */
function placeOf(file: string, text: string): string {
  const lines = readFileSync(file, "utf8").split("\n");
  const line = lines.findIndex((one) => one.includes(text));
  return `${file}:${String(line + 1)}:${String((lines[line] ?? "").indexOf(text) + 1)}`;
}

async function stackOf(fn: unknown): Promise<string[]> {
  const action = await restore(
    checked(new Capturer().capture(fn, "schedule") as NewAction),
  );
  try {
    await action.call({ id: 1 }, {});
  } catch (error) {
    return toJobError(error, action).stack.split("\n");
  }
  throw new Error("did not throw");
}

describe("the stack of an action leads to the user's own line and column", () => {
  test("in this test runner", async () => {
    const [message, inner, outer] = await stackOf(function failing({
      id,
    }: {
      id: number;
    }) {
      const fail = (n: number): void => {
        throw new Error(`in a test ${String(n)}`);
      };
      fail(id);
    });
    expect(message).toBe("Error: in a test 1");
    expect(inner).toBe(
      `    at fail (${placeOf(__filename, "new Error(`in a test")})`,
    );
    expect(outer).toBe(`    at failing (${placeOf(__filename, "fail(id);")})`);
  });

  test("under tsx, which prints a file on one line", () => {
    const file = join(__dirname, "samples/thrower.ts");
    const printed = execFileSync(process.execPath, ["--import", "tsx", file], {
      encoding: "utf8",
    });
    const [late, early] = JSON.parse(printed) as {
      stack: string;
      cause: { stack: string };
    }[];
    expect(late?.stack.split("\n").slice(0, 3)).toEqual([
      "RangeError: order 5",
      `    at check (${placeOf(file, "new RangeError")})`,
      `    at late (${placeOf(file, "check(id);")})`,
    ]);
    expect(early?.stack.split("\n")[1]).toBe(
      `    at early (${placeOf(file, "new TypeError")})`,
    );
    expect(early?.cause.stack.split("\n")[1]).toBe(
      `    at early (${placeOf(file, "new Error(`of")})`,
    );
  });

  test("of a script that does not begin where its file does", async () => {
    const script = "(() => { throw new Error('x'); })";
    const filename = "/some/where.html";
    const job: unknown = runInThisContext(script, {
      filename,
      lineOffset: 9,
      columnOffset: 30,
    });
    const column = 31 + script.indexOf("new Error");
    expect((await stackOf(job))[1]).toContain(
      `${filename}:10:${String(column)}`,
    );
  });

  describe("of a compiled file", () => {
    function compiled(
      check: (source: string, file: string) => Promise<void>,
    ): () => Promise<void> {
      return async () => {
        const folder = mkdtempSync(join(tmpdir(), "myjobs-positions-"));
        const source = join(folder, "jobs.ts");
        writeFileSync(
          source,
          "\ninterface A {\n  a: 1;\n}\nexport const job = (): A => {\n  throw new Error('deep');\n};\nexport const needy = (): A => job();\n",
        );
        const { code, map } = transformSync(readFileSync(source, "utf8"), {
          filename: source,
          jsc: { parser: { syntax: "typescript" }, target: "es2022" },
          module: { type: "commonjs" },
          sourceMaps: true,
        });
        const file = join(folder, "jobs.cjs");
        writeFileSync(file, `${code}\n//# sourceMappingURL=jobs.cjs.map\n`);
        writeFileSync(`${file}.map`, map ?? "");
        try {
          await check(source, file);
        } finally {
          rmSync(folder, { recursive: true });
        }
      };
    }

    test(
      "whose map lies beside it",
      compiled(async (source, file) => {
        const { job } = require(file) as { job: unknown };
        expect((await stackOf(job))[1]).toBe(
          `    at job (${placeOf(source, "new Error")})`,
        );
      }),
    );

    test(
      "also for what is refused",
      compiled(async (source, file) => {
        const { needy } = require(file) as { needy: unknown };
        const [line, column] = placeOf(source, "job();")
          .split(":")
          .slice(-2)
          .map(Number);
        expect(() => new Capturer().capture(needy, "schedule")).toThrow(
          ActionError,
        );
        try {
          await new Capturer().capture(needy, "schedule");
        } catch (error) {
          expect((error as ActionError).problems).toMatchObject([
            { name: "job", file: source, line, column },
          ]);
        }
      }),
    );

    test(
      "whose map is gone, to the compiled line",
      compiled(async (_source, file) => {
        rmSync(`${file}.map`);
        const { job } = require(file) as { job: unknown };
        expect((await stackOf(job))[1]).toContain(placeOf(file, "new Error"));
      }),
    );
  });
});
