import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";

import type { MyJobs } from "../../src/index.js";
import { open, temporaryFolder } from "../support/instance.js";
import { until } from "../support/until.js";

interface Stuck {
  /** While this file is there, the module's top-level await does not end. */
  held: string;
  action: { module: string; method: string };
}

function stuck(): Stuck {
  const folder = temporaryFolder();
  const held = path.join(folder, "held");
  const module = path.join(folder, "stuck.mjs");
  writeFileSync(held, "");
  const source = `
    import { existsSync } from "node:fs";
    while (existsSync(${JSON.stringify(held)}))
      await new Promise((go) => setTimeout(go, 10));
    export const greet = () => "hello";`;
  writeFileSync(module, source);
  return { held, action: { module, method: "greet" } };
}

function double({ n }: { n: number }): number {
  return 2 * n;
}

/** What is known of calls by now. */
class Calls {
  readonly ends: Record<string, string> = {};

  follow(name: string, call: Promise<unknown>): void {
    this.ends[name] = "pending";
    call.then(
      () => (this.ends[name] = "done"),
      (cause: unknown) => (this.ends[name] = String(cause)),
    );
  }

  get areOver(): boolean {
    return !Object.values(this.ends).includes("pending");
  }
}

function callAll(myjobs: MyJobs): Calls {
  const calls = new Calls();
  const { action } = stuck();
  const follow = calls.follow.bind(calls);
  follow("the module", myjobs.schedule(action));
  follow("the module again", myjobs.schedule(action, {}, { wait: true }));
  follow("many of it", myjobs.scheduleMany(action, [{}, {}]));
  follow("a function", myjobs.schedule(double, { n: 1 }));
  follow(
    "many of a function",
    myjobs.scheduleMany(double, [{ n: 1 }, { n: 2 }]),
  );
  follow("drain", myjobs.drain());
  follow("wait", myjobs.wait());
  return calls;
}

function stopped(where: string): string {
  return `StoppedError: ${where}: this MyJobs has been stopped`;
}

describe("while the module of an action does not come to the end of its top-level await", () => {
  test("stop() rejects its call, and all that wait for it, each by its name", async () => {
    const myjobs = await open();
    const calls = callAll(myjobs);
    await myjobs.jobs.count();
    expect(new Set(Object.values(calls.ends))).toEqual(new Set(["pending"]));
    await myjobs.stop();
    await until("all calls are over", () => calls.areOver);
    expect(calls.ends).toEqual({
      "the module": stopped("schedule"),
      "the module again": stopped("schedule"),
      "many of it": stopped("scheduleMany"),
      "a function": stopped("schedule"),
      "many of a function": stopped("scheduleMany"),
      drain: stopped("drain"),
      wait: stopped("wait"),
    });
  });

  test("calls after a reset() do not wait for it", async () => {
    const myjobs = await open();
    const { action, held } = stuck();
    const before = myjobs.schedule(action);
    await myjobs.reset();
    await myjobs.workerStart();
    const after = await myjobs.schedule(double, { n: 4 }, { wait: true });
    expect(after.result).toBe(8);
    await myjobs.drain();
    rmSync(held);
    const job = await (await before).wait();
    expect(job.result).toBe("hello");
  });
});
