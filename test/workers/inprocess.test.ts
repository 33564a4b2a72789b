import { existsSync } from "node:fs";
import path from "node:path";

import { expect, test } from "@jest/globals";

import { open, temporaryFolder } from "../support/instance.js";
import { workerSuite } from "./suite.js";

workerSuite("inprocess", (myjobs) => myjobs.workerStart());

test("A worker that is killed while a job is being claimed for it takes that with it, and does not run it", async () => {
  const file = path.join(temporaryFolder(), "ran");
  const myjobs = await open();
  const worker = await myjobs.workerStart();
  const touch = async ({ file: name }: { file: string }): Promise<void> => {
    const { writeFileSync } = await import("node:fs");
    writeFileSync(name, "");
  };
  // What it calls is known, so that the claim is asked for at once.
  await (await myjobs.schedule(touch, { file: `${file} before` })).wait();
  const scheduling = myjobs.schedule(touch, { file });
  await new Promise((resolve) => process.nextTick(resolve));
  await worker.kill();
  const job = await scheduling;
  await job.load();
  expect(job).toMatchObject({ state: "ERROR", errorCat: "HALTED" });
  for (let turn = 0; turn < 20; turn += 1)
    await new Promise((resolve) => setTimeout(resolve, 1));
  expect(existsSync(`${file} before`)).toBe(true);
  expect(existsSync(file)).toBe(false);
});
