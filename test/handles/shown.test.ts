import { existsSync } from "node:fs";
import path from "node:path";
import { inspect } from "node:util";

import { describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";

import type { Context } from "../../src/index.js";
import { open, temporaryFolder } from "../support/instance.js";
import { until } from "../support/until.js";

describe("console.log shows", () => {
  test("a job with its fields, as they are now", async () => {
    const myjobs = await open({ store: ":memory:" });
    const kwargs = { list: [1, 2] };
    const job = await myjobs.schedule(
      ({ list }: typeof kwargs) => list.length,
      kwargs,
    );
    const { id } = job;
    expect(inspect(job)).toMatch(/^Job \{\n/);
    expect(inspect(job)).toContain(`id: ${String(id)},`);
    expect(inspect(job)).toContain("state: 'NEW'");
    expect(inspect(job)).toContain("list: [ 1, 2 ]");
    await myjobs.workerStart({ onetime: true });
    await job.wait();
    expect(inspect(job)).toContain("state: 'OK'");
    expect(inspect(job)).toContain("result: 2");
    expect(inspect({ a: { b: { job } } })).toContain("job: [Job]");
    expect(inspect([job], { depth: 0 })).toBe("[ [Job] ]");
    expect(inspect([job], { depth: 1 })).toContain("kwargs: [Object]");
  });

  test("a job whose values cannot be read as they are stored", async () => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const myjobs = await open({ store });
    const job = await myjobs.schedule(() => 1);
    const db = new Database(store);
    db.exec("update myjobs_job set kwargs = '{damaged'");
    db.close();
    await job.load();
    expect(inspect(job)).toContain("kwargs: '{damaged'");
  });

  test("a worker with its fields, and times as such", async () => {
    const myjobs = await open({ store: ":memory:" });
    const worker = await myjobs.workerStart({ nr: 3 });
    expect(inspect(worker)).toMatch(/^Worker \{\n/);
    expect(inspect(worker)).toContain("name: 'w3'");
    expect(inspect(worker)).toMatch(/timeStart: \d{4}-\d\d-\d\dT/);
    expect(inspect({ worker }, { depth: 0 })).toBe("{ worker: [Worker] }");
  });
});

describe("a worker", () => {
  test("as JSON is the same to its own instance and in the store", async () => {
    const myjobs = await open({ store: ":memory:" });
    await myjobs.workerStart({ nr: 3 });
    const own = myjobs.workers.get(3)!.toJSON();
    const [found] = await myjobs.workersFind({ nr: 3 });
    expect(own).toMatchObject({ nr: 3, state: "WAITING", halt: false });
    // Recorded a moment later.
    const { timeStart, lastUpdate } = own;
    expect({ ...found!.toJSON(), timeStart, lastUpdate }).toEqual(own);
    Object.assign(own, { nr: 4 });
    expect(myjobs.workers.get(3)!.nr).toBe(3);
  });

  test("that was halted says so when its end is told", async () => {
    const myjobs = await open();
    const told: [string, boolean][] = [];
    myjobs.on("worker", ({ halting }, state) => told.push([state, halting]));
    await (await myjobs.workerSubprocessStart()).halt();
    expect(told.at(-1)).toEqual(["HALTED", true]);
  });

  test("whose process is being ended for a job's limit is not halting", async () => {
    const file = path.join(temporaryFolder(), "aborted");
    // It ends by the test alone.
    const myjobs = await open({ killGrace: 60_000 });
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const heedless = (
      { file }: { file: string },
      context: Context,
    ): unknown => {
      const { writeFileSync } =
        context.require<typeof import("node:fs")>("node:fs");
      context.signal.addEventListener("abort", () => {
        writeFileSync(file, "");
      });
      return new Promise(() => undefined);
    };
    const job = await myjobs.schedule(heedless, { file }, { timeout: 1 });
    await until("it is told to end", () => existsSync(file));
    const [worker] = myjobs.workers.values();
    expect(worker).toMatchObject({ state: "BUSY", halting: false });
    process.kill(worker!.pid, "SIGKILL");
    await job.wait({ die: false });
    expect(job.errorCat).toBe("TIMEOUT");
  });
});
