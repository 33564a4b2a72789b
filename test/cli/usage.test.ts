import { existsSync } from "node:fs";

import { describe, expect, test } from "@jest/globals";

import { Place, placeWithActions } from "./command.js";

describe("A wrong call of myjobs map is told in one line, and does nothing:", () => {
  const good = "actions.ts#upper";
  test.each([
    ["a function without an export", ["actions.ts", "-"], "names no function"],
    ["a module that is not there", ["no.ts#upper", "-"], "no module no.ts"],
    ["an export that is not there", ["actions.ts#no", "-"], "no export 'no'"],
    ["no function", ["actions.ts#settings", "-"], "is no function but object"],
    ["a module that throws", ["broken.ts#f", "-"], "cannot be loaded: at once"],
    ["no inputs", [good], "missing required argument 'inputs'"],
    ["a pattern without a file", [good, "no/**"], "no file matches 'no/**'"],
    ["a file that is not there", [good, "no.txt"], "no file 'no.txt'"],
    ["stdin and more", [good, "-", "actions.ts"], "must be the only input"],
    ["an unknown option", [good, "-", "--nope"], "unknown option '--nope'"],
    ["a bad number", [good, "-", "--nr-max", "many"], "an integer from 1"],
    ["bad bounds", [good, "-", "--nr-min", "3", "--nr-max", "2"], "--nr-min"],
    [
      "a bound of none",
      [good, "-", "--nr-max", "0"],
      "argument '0' is invalid. Expected an integer from 1",
    ],
    ["a bad limit", [good, "-", "--timeout", "9999999999"], "--timeout is"],
    ["two kinds of output", [good, "-", "--json", "--report"], "'--report'"],
    [
      "a store that is none",
      [good, "-", "--store", "actions.ts"],
      "actions.ts",
    ],
  ])("%s", async (_what, args, words) => {
    const here = placeWithActions();
    here.write("broken.ts", "throw new Error('at once');\nexport {};");
    const { code, stdout, stderr } = await here.run(["map", ...args], "a\n");
    expect(stderr).toMatch(/^error: .*\n$/);
    expect(stderr).toContain(words);
    expect(stdout).toBe("");
    expect(code).toBe(2);
    expect(existsSync(here.path("myjobs.db"))).toBe(false);
  });

  test("help that is asked for is no mistake", async () => {
    const { code, stdout } = await new Place().run(["map", "--help"]);
    expect(stdout).toContain(
      "Usage: myjobs map [options] <function> <inputs...>",
    );
    expect(code).toBe(0);
  });
});
