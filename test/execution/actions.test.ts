import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";

import { Capturer } from "../../src/actions/capture.js";
import { ActionError, type MyJobs, ValueError } from "../../src/index.js";
import { open, reopen, temporaryFolder } from "../support/instance.js";

type Job = (kwargs: object) => unknown;

/** A function of a file of the user's. */
function loaded(folder: string, code: string): Job {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "jobs.cjs");
  writeFileSync(file, code);
  return (require(file) as { job: Job }).job;
}

const kinds: [string, (myjobs: MyJobs) => Promise<unknown>][] = [
  ["a child process", (myjobs) => myjobs.workersSubprocessStart()],
  ["this process", (myjobs) => myjobs.workerStart()],
];

describe.each(kinds)("in %s", (_kind, start) => {
  test("a job runs the code it was scheduled with, though the file changed and the service started again", async () => {
    const folder = temporaryFolder();
    const store = path.join(folder, "jobs.db");
    const before = await reopen({ store });
    const job = loaded(folder, "exports.job = () => 'as scheduled'");
    const { id } = await before.schedule(job, {});
    await before.stop();
    writeFileSync(path.join(folder, "jobs.cjs"), "exports.job = () => 'new'");
    const after = await reopen({ store });
    await start(after);
    expect(await after.results([id])).toEqual(["as scheduled"]);
  });

  test("a job whose action was changed in the store ends as ERROR, says so, and runs nothing of it", async () => {
    const folder = temporaryFolder();
    const store = path.join(folder, "jobs.db");
    const before = await reopen({ store });
    const trace = path.join(folder, "trace");
    const { id } = await before.schedule(function harmless() {
      return 1;
    });
    const { id: sound } = await before.schedule(() => "sound");
    await before.stop();
    const db = new Database(store);
    const code = `function harmless() { require("node:fs").writeFileSync(${JSON.stringify(trace)}, ""); }`;
    db.prepare(
      "update myjobs_action set code = ? where methodname = 'harmless'",
    ).run(code);
    db.close();
    const after = await reopen({ store });
    await start(after);
    const [changed, other] = await after.wait([id, sound], { die: false });
    expect(changed).toMatchObject({
      state: "ERROR",
      errorCat: "ERROR",
      result: undefined,
      error: {
        name: "ActionError",
        message: expect.stringMatching(
          /^action harmless of .* does not match its key: it was damaged or changed after it was stored, and is not run$/,
        ),
      },
    });
    expect(other).toMatchObject({ state: "OK", result: "sound" });
    expect(existsSync(trace)).toBe(false);
  });

  test("equal functions of two folders that import are two actions, each with its own folder's import", async () => {
    const myjobs = await open();
    const folder = temporaryFolder();
    const code = "exports.job = async () => (await import('./mate.cjs')).name";
    const [one, two] = ["one", "two"].map((name) => {
      const job = loaded(path.join(folder, name), code);
      const mate = `exports.name = ${JSON.stringify(name)}`;
      writeFileSync(path.join(folder, name, "mate.cjs"), mate);
      return job;
    });
    expect(String(one)).toBe(String(two));
    await start(myjobs);
    const jobs = [
      await myjobs.schedule(one!, {}),
      await myjobs.schedule(two!, {}),
    ];
    expect(await myjobs.results(jobs)).toEqual(["one", "two"]);
    expect((await myjobs.actions.find()).length).toBe(2);
  });

  test("a result that is nested without end, or no JSON, ends its job as ERROR, and the worker goes on", async () => {
    const myjobs = await open();
    await start(myjobs);
    const deep = await myjobs.schedule(() => {
      let value: unknown = 1;
      for (let i = 0; i < 1_000_000; i++) value = [value];
      return value;
    });
    const odd = await myjobs.schedule(() => ({
      user: { tags: ["a", "b", 5n] },
    }));
    const fine = await myjobs.schedule(() => ({
      text: "a\ud800".repeat(2),
      long: "x".repeat(2 ** 23).length,
      proto: JSON.parse('{"__proto__":1}') as unknown,
      minus: -0,
      huge: Number.MAX_VALUE,
    }));
    await myjobs.wait([deep, odd, fine], { die: false });
    expect(deep.error).toMatchObject({
      name: "ValueError",
      message: "result is nested more than 1000 levels deep",
    });
    expect(odd.error).toMatchObject({
      name: "ValueError",
      path: "result.user.tags[2]",
    });
    expect(fine.state).toBe("OK");
    expect(JSON.stringify(fine.result)).toBe(
      `{"text":"a\\ud800a\\ud800","long":8388608,"proto":{"__proto__":1},"minus":0,"huge":1.7976931348623157e+308}`,
    );
  });
});

describe("nothing is stored of a call that is refused:", () => {
  const fn = (kwargs: object): object => kwargs;
  let nested: unknown = 1;
  for (let i = 0; i < 1_000_000; i++) nested = { a: nested };

  test.each<[string, unknown, unknown, new (...args: never[]) => Error]>([
    ["kwargs that JSON cannot carry", fn, { a: [() => 1] }, ValueError],
    ["kwargs that are nested without end", fn, { nested }, ValueError],
    ["a function that needs its file", () => nested, {}, ActionError],
    [
      "a module that is not there",
      { module: "./no-such-module.js", method: "x" },
      {},
      ActionError,
    ],
    [
      "an export that is not there",
      { module: "node:path", method: "no-such-export" },
      {},
      ActionError,
    ],
  ])("%s", async (_what, action, kwargs, error) => {
    const myjobs = await open();
    const call = myjobs.schedule(action as Job, kwargs as object);
    await expect(call).rejects.toThrow(error);
    expect(await myjobs.jobs.count()).toBe(0);
    expect(await myjobs.actions.find()).toEqual([]);
  });
});

test("a function is one row and is read once, though it is scheduled a million times", async () => {
  const myjobs = await open({ durability: "normal" });
  const addition = ({ a }: { a: number }): number => a + 1;
  await myjobs.scheduleMany(
    addition,
    Array.from({ length: 10_000 }, (_, a) => ({ a })),
  );
  expect((await myjobs.actions.find()).length).toBe(1);
  const capturer = new Capturer();
  const row = capturer.capture(addition, "schedule");
  let same = 0;
  for (let i = 0; i < 1_000_000; i++)
    if (capturer.capture(addition, "schedule") === row) same++;
  expect(same).toBe(1_000_000);
});
