import { closeSync, openSync, readdirSync } from "node:fs";

import { describe, expect, test } from "@jest/globals";

import { reopen } from "../support/instance.js";
import { until } from "../support/until.js";
import { byInput, fill, placeWithActions } from "./command.js";

describe("myjobs map", () => {
  test("gives the result of each file that a pattern names", async () => {
    const here = placeWithActions();
    here.write("in/a.txt", "1");
    here.write("in/deep/.hidden", "22");
    here.write("in/deep/er/c d.txt", "333");
    const { code, stdout, stderr } = await here.run([
      "map",
      "actions.ts#size",
      "in/**",
    ]);
    expect(stderr).toContain("3 inputs done: in ");
    expect(code).toBe(0);
    expect(stdout.split("\n").sort()).toEqual([
      "",
      'in/a.txt\t{"size":1,"input":"in/a.txt"}',
      'in/deep/.hidden\t{"size":2,"input":"in/deep/.hidden"}',
      'in/deep/er/c d.txt\t{"size":3,"input":"in/deep/er/c d.txt"}',
    ]);
    expect(readdirSync(here.folder).sort()).toEqual([
      "actions.ts",
      "in",
      "myjobs.db",
    ]);
  });

  test("never takes its own store for an input, and makes the store's folder", async () => {
    const here = placeWithActions();
    const args = ["map", "actions.ts#size", "**", "--store", "new/er/jobs.db"];
    for (const _ of ["first", "again"]) {
      const { code, stdout } = await here.run([...args, "--json"]);
      expect(Object.keys(byInput(stdout))).toEqual(["actions.ts"]);
      expect(code).toBe(0);
    }
  });

  test("maps more lines of stdin than it holds at a time, in their order in the store", async () => {
    const here = placeWithActions();
    const inputs = fill(6_000);
    const { code, stdout } = await here.run(
      ["map", "actions.ts#upper", "-", "--json", "--nr-max", "2"],
      `${inputs.join("\n")}\n`,
    );
    expect(code).toBe(0);
    const results = byInput(stdout);
    expect(Object.keys(results)).toHaveLength(6_000);
    for (const input of inputs)
      expect(results[input]).toEqual({ result: input.toUpperCase() });
    const myjobs = await reopen({ store: here.path("myjobs.db") });
    const jobs = await myjobs.jobs.find({ limit: 10_000 });
    expect(jobs.map(({ name }) => name)).toEqual(inputs);
    expect(new Set(jobs.map(({ category }) => category)).size).toBe(1);
  }, 60_000);

  test("takes lines of every kind: long, repeated, with NUL, with CR LF, the last without an end", async () => {
    const here = placeWithActions();
    const long = "l".repeat(5_000);
    const { stdout, code } = await here.run(
      ["map", "actions.ts#upper", "-", "--json"],
      `${long}\r\nsame\n\nsame\na\0b\nend`,
    );
    expect(code).toBe(0);
    expect(stdout.match(/"same"/g)).toHaveLength(2);
    const results = byInput(stdout);
    expect(Object.keys(results).sort()).toEqual(["a\0b", "end", long, "same"]);
    expect(results[long]).toEqual({ result: long.toUpperCase() });
  });

  test("does what a slow source gives as it comes, and stops while it waits for more", async () => {
    const here = placeWithActions();
    const { child, stdout, stderr, ended } = here.start(
      "map",
      "actions.ts#upper",
      "-",
    );
    child.stdin.write("one\n");
    await until("the first result is out", () => stdout() === 'one\t"ONE"\n');
    child.stdin.write("two\nhal");
    await until("the second is out", () => stdout().endsWith('two\t"TWO"\n'));
    child.kill("SIGTERM");
    expect((await ended).code).toBe(130);
    expect(stderr()).toContain("stopped: 2 done; the same command again");
  });

  test("has nothing to do with an empty stdin", async () => {
    const here = placeWithActions();
    const ended = await here.run(["map", "actions.ts#upper", "-"]);
    expect(ended.stdout).toBe("");
    expect(ended.code).toBe(0);
  });

  test("goes on after a failed job, tells of it, and ends with 1", async () => {
    const here = placeWithActions();
    here.write("refuse", "");
    const args = ["map", "actions.ts#noted", "-", "--json"];
    const lines = fill(5).join("\n");
    const first = await here.run(args, lines);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain("1 failed:\n  n3: ERROR: no threes\n");
    expect(byInput(first.stdout).n3).toEqual({
      error: { errorCat: "ERROR", name: "RangeError", message: "no threes" },
    });
    expect(byInput(first.stdout).n4).toEqual({ result: 1 });

    const second = await here.run(args, lines);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(
      "all had been done already (--fresh does them again)\n1 failed (--retry-failed tries them again):",
    );
    expect(here.lines("done")).toHaveLength(5);

    const third = await here.run([...args, "--retry-failed"], lines);
    expect(third.stderr).toContain("1 failed");
    expect(here.lines("done").filter((line) => line === "n3")).toHaveLength(2);
    expect(here.lines("done")).toHaveLength(6);
  });

  test("ends a job at its limit", async () => {
    const here = placeWithActions();
    here.write("hang", "");
    const { code, stdout } = await here.run(
      ["map", "actions.ts#stubborn", "-", "--json", "--timeout", "200"],
      "x\n",
    );
    expect(code).toBe(1);
    expect(byInput(stdout)).toMatchObject({
      x: { error: { errorCat: "TIMEOUT" } },
    });
  });

  test("sums the results in a report, and draws the pool", async () => {
    const here = placeWithActions();
    for (const nr of [1, 2, 3]) here.write(`in/${String(nr)}`, "x".repeat(nr));
    const args = ["map", "actions.ts#size", "in/*", "--report"];
    const first = await here.run(args);
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(
      /^field +count +total +min +max +mean\nsize +3 +6 +1 +3 +2\n/,
    );
    expect(first.stdout).toMatch(/\npool +0 > .* > 0\nworkers .*\njobs\/s /);
    const second = await here.run(args);
    expect(second.stderr).toBe(
      "3 inputs done: all had been done already (--fresh does them again)\n",
    );
    expect(second.stdout).toMatch(/^field.*\nsize +3 +6 +1 +3 +2\n$/);
  });

  test("goes on when nobody reads what it says of its progress", async () => {
    const here = placeWithActions();
    const { child, ended } = here.start("map", "actions.ts#slowly", "-");
    child.stderr.destroy();
    child.stdin.end(fill(300).join("\n"));
    const { code, stdout } = await ended;
    expect({ code, lines: stdout.trim().split("\n").length }).toEqual({
      code: 0,
      lines: 300,
    });
  });

  test.each([
    ["results", []],
    ["report", ["--report"]],
  ])("says so when its %s cannot be written", async (_, flags) => {
    const here = placeWithActions();
    here.stdout = openSync("/dev/full", "w");
    const ended = here.run(
      ["map", "actions.ts#upper", "-", ...flags],
      "a\nb\n",
    );
    closeSync(here.stdout);
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*ENOSPC/m);
  });

  test("ends quietly when nobody reads its results any more", async () => {
    const here = placeWithActions();
    const lines = fill(3_000).join("\n");
    const { child, ended } = here.start("map", "actions.ts#slowly", "-");
    child.stdin.end(lines);
    child.stdout.once("data", () => child.stdout.destroy());
    const { code, stderr } = await ended;
    expect(code).toBe(141);
    expect(stderr).not.toMatch(/EPIPE|error|stopp/);
  });
});
