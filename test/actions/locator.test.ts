import { Session } from "node:inspector";
import { runInThisContext } from "node:vm";

import { afterEach, expect, jest, test } from "@jest/globals";

import { Locator } from "../../src/actions/position.js";

type Job = () => number;

/** Functions each of which is a script of its own. */
function scripts(count: number): Job[] {
  return Array.from({ length: count }, (_, n) => {
    const filename = `/${String(n)}.js`;
    return runInThisContext(`(() => ${String(n)})`, { filename }) as Job;
  });
}

afterEach(() => {
  jest.restoreAllMocks();
});

test("the debugger is asked for once for all scripts of a turn, also for those made in it, and given back after it", async () => {
  const post = jest.spyOn(Session.prototype, "post");
  const disconnect = jest.spyOn(Session.prototype, "disconnect");
  const posted = (): string[] => post.mock.calls.map(([method]) => method);
  const enabled = (): number =>
    posted().filter((method) => method === "Debugger.enable").length;
  const locator = new Locator();
  const locate = (fns: Job[]): (string | undefined)[] =>
    fns.map((fn) => locator.locate(fn, String(fn))?.script.file);

  expect(locate(scripts(3))).toEqual(["/0.js", "/1.js", "/2.js"]);
  expect(locate(scripts(2))).toEqual(["/0.js", "/1.js"]);
  expect(enabled()).toBe(1);
  expect(disconnect).not.toHaveBeenCalled();

  await Promise.resolve();
  expect(disconnect).toHaveBeenCalledTimes(1);
  expect(locate(scripts(1))).toEqual(["/0.js"]);
  await Promise.resolve();
  expect(enabled()).toBe(2);
  expect(disconnect).toHaveBeenCalledTimes(2);
});
