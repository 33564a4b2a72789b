import { existsSync, readdirSync, rmSync } from "node:fs";

import { describe, expect, test } from "@jest/globals";

import { reopen } from "../support/instance.js";
import { isAlive, until } from "../support/until.js";
import { byInput, fill, Place } from "./command.js";

/** Each leaves a line in `done` at its very end. */
const actions = `
  import { appendFileSync, existsSync, readFileSync } from "node:fs";

  export const upper = ({ input }: { input: string }) => input.toUpperCase();

  export const size = ({ input }: { input: string }) => ({ size: readFileSync(input).length, input });

  export async function slowly({ input }: { input: string }) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    appendFileSync("done", input + "\\n");
    return input.length;
  }

  export function noted({ input }: { input: string }) {
    appendFileSync("done", input + "\\n");
    if (existsSync("refuse") && input.endsWith("3")) throw new RangeError("no threes");
    return 1;
  }

  export function stubborn() {
    appendFileSync("pids", process.pid + "\\n");
    while (existsSync("hang"));
    return "free";
  }

  export const settings = { upper };
`;

function place(): Place {
  const place = new Place();
  place.write("actions.ts", actions);
  return place;
}

describe("myjobs map", () => {
  test("gives the result of each file that a pattern names", async () => {
    const here = place();
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
    const here = place();
    const args = ["map", "actions.ts#size", "**", "--store", "new/er/jobs.db"];
    for (const _ of ["first", "again"]) {
      const { code, stdout } = await here.run([...args, "--json"]);
      expect(Object.keys(byInput(stdout))).toEqual(["actions.ts"]);
      expect(code).toBe(0);
    }
  });

  test("maps more lines of stdin than it holds at a time, in their order in the store", async () => {
    const here = place();
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
    const here = place();
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
    const here = place();
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
    const here = place();
    const ended = await here.run(["map", "actions.ts#upper", "-"]);
    expect(ended.stdout).toBe("");
    expect(ended.code).toBe(0);
  });

  test("goes on after a failed job, tells of it, and ends with 1", async () => {
    const here = place();
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
    expect(second.stderr).toContain("all had been done already\n1 failed:");
    expect(here.lines("done")).toHaveLength(5);

    const third = await here.run([...args, "--retry-failed"], lines);
    expect(third.stderr).toContain("1 failed");
    expect(here.lines("done").filter((line) => line === "n3")).toHaveLength(2);
    expect(here.lines("done")).toHaveLength(6);
  });

  test("ends a job at its limit", async () => {
    const here = place();
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
    const here = place();
    for (const nr of [1, 2, 3]) here.write(`in/${String(nr)}`, "x".repeat(nr));
    const args = ["map", "actions.ts#size", "in/*", "--report"];
    const first = await here.run(args);
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(
      /^field +count +total +min +max +mean\nsize +3 +6 +1 +3 +2\n/,
    );
    expect(first.stdout).toMatch(/\npool +1.* > 0\nworkers .*\njobs\/s /);
    const second = await here.run(args);
    expect(second.stderr).toBe("3 inputs done: all had been done already\n");
    expect(second.stdout).toMatch(/^field.*\nsize +3 +6 +1 +3 +2\n$/);
  });

  test("ends quietly when nobody reads its results any more", async () => {
    const here = place();
    const lines = fill(3_000).join("\n");
    const { child, ended } = here.start("map", "actions.ts#slowly", "-");
    child.stdin.end(lines);
    child.stdout.once("data", () => child.stdout.destroy());
    const { code, stderr } = await ended;
    expect(code).toBe(141);
    expect(stderr).not.toMatch(/EPIPE|error|stopp/);
  });
});

describe("myjobs map, stopped and started again,", () => {
  const all = fill(300);
  const args = ["map", "actions.ts#slowly", "-", "--json", "--nr-max", "3"];

  test.each(["SIGINT", "SIGTERM"] as const)(
    "goes on after %s, and does nothing to its end twice",
    async (signal) => {
      const here = place();
      const first = here.start(...args);
      first.child.stdin.end(all.join("\n"));
      await until("some are done", () => here.lines("done").length > 20);
      first.child.kill(signal);
      const stopped = await first.ended;
      expect(stopped.code).toBe(130);
      expect(stopped.stderr).toMatch(
        /stopped: \d+ done; the same command again goes on from here\n$/,
      );
      expect(here.lines("done").length).toBeLessThan(300);

      const second = await here.run(args, all.join("\n"));
      expect(second.code).toBe(0);
      expect(here.lines("done").sort()).toEqual([...all].sort());
      expect(Object.keys(byInput(second.stdout)).sort()).toEqual(
        [...all].sort(),
      );
    },
  );

  test("goes on after it was killed", async () => {
    const here = place();
    const first = here.start(...args);
    first.child.stdin.end(all.join("\n"));
    await until("some are done", () => here.lines("done").length > 20);
    first.child.kill("SIGKILL");
    await first.ended;
    const second = await here.run(args, all.join("\n"));
    expect(second.code).toBe(0);
    expect(new Set(here.lines("done")).size).toBe(300);
    // At least once: what had just been done may have been done again, by each of the workers.
    expect(here.lines("done").length).toBeLessThan(330);
  });

  test("gives back a job that does not end in time", async () => {
    const here = place();
    here.write("hang", "");
    const hung = ["map", "actions.ts#stubborn", "-"];
    const first = here.start(...hung);
    first.child.stdin.end("x\n");
    await until("it runs", () => here.lines("pids").length === 1);
    first.child.kill("SIGINT");
    expect((await first.ended).code).toBe(130);
    expect(isAlive(Number(here.lines("pids")[0]))).toBe(false);
    const myjobs = await reopen({ store: here.path("myjobs.db") });
    expect(await myjobs.jobs.find()).toMatchObject([{ state: "NEW" }]);
    await myjobs.stop();

    const running = here.start(...hung);
    running.child.stdin.end("x\n");
    await until("it runs again", () => here.lines("pids").length === 2);
    const other = await here.run(hung, "x\n");
    expect(other.code).toBe(2);
    expect(other.stderr).toBe(
      "error: the same run is going on in another process\n",
    );
    // The second signal does not wait; it must not come so soon that it passes for the first.
    await until("it has gone", () => {
      running.child.kill("SIGINT");
      return running.child.exitCode !== null;
    });
    expect((await running.ended).code).toBe(130);
    expect(running.stderr()).not.toContain("stopped:");
    const pid = Number(here.lines("pids")[1]);
    await until("its worker has gone", () => !isAlive(pid));

    const freed = here.start(...hung);
    freed.child.stdin.end("x\n");
    await until("it runs once more", () => here.lines("pids").length === 3);
    rmSync(here.path("hang"));
    const last = await freed.ended;
    expect(last).toMatchObject({ code: 0, stdout: 'x\t"free"\n' });
  });

  test("does only the new ones where files have come and gone", async () => {
    const here = place();
    for (const name of ["b", "d", "f"]) here.write(`in/${name}`, name);
    const noted = ["map", "actions.ts#noted", "in/*", "--json"];
    await here.run(noted);
    expect(here.lines("done").sort()).toEqual(["in/b", "in/d", "in/f"]);
    rmSync(here.path("in/d"));
    for (const name of ["a", "e", "g"]) here.write(`in/${name}`, name);
    const second = await here.run(noted);
    const news = ["in/a", "in/e", "in/g"];
    expect(here.lines("done").slice(3).sort()).toEqual(news);
    expect(Object.keys(byInput(second.stdout)).sort()).toEqual(
      [...news, "in/b", "in/f"].sort(),
    );
    await here.run(noted);
    expect(here.lines("done")).toHaveLength(6);
  });

  test("begins anew with --fresh, and with other inputs", async () => {
    const here = place();
    here.write("in/a", "");
    here.write("in/b", "");
    const noted = ["map", "actions.ts#noted"];
    await here.run([...noted, "in/*"]);
    await here.run([...noted, "in/a"]);
    expect(here.lines("done").sort()).toEqual(["in/a", "in/a", "in/b"]);
    await here.run([...noted, "in/*", "--fresh"]);
    expect(here.lines("done")).toHaveLength(5);
    const myjobs = await reopen({ store: here.path("myjobs.db") });
    expect(await myjobs.jobs.count()).toBe(3);
  });
});

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
    ["a bad number", [good, "-", "--nr-max", "many"], "an integer from 0"],
    ["bad bounds", [good, "-", "--nr-min", "3", "--nr-max", "2"], "--nr-min"],
    [
      "a bound of none",
      [good, "-", "--nr-max", "0"],
      "--nr-max is 0, expected",
    ],
    ["a bad limit", [good, "-", "--timeout", "9999999999"], "--timeout is"],
    ["two kinds of output", [good, "-", "--json", "--report"], "'--report'"],
    [
      "a store that is none",
      [good, "-", "--store", "actions.ts"],
      "actions.ts",
    ],
  ])("%s", async (_what, args, words) => {
    const here = place();
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
