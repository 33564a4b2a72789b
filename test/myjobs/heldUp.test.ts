import { existsSync } from "node:fs";
import path from "node:path";

import { expect, test } from "@jest/globals";

import type { Context } from "../../src/index.js";
import { open, reopen, temporaryFolder } from "../support/instance.js";
import { until, untilAtOnce } from "../support/until.js";

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

function length({ text }: { text: string }): Promise<number> {
  return new Promise((resolve) => setTimeout(resolve, 50, text.length));
}

function repeat({ size }: { size: number }): Promise<string> {
  return new Promise((resolve) => setTimeout(resolve, 50, "x".repeat(size)));
}

interface Left {
  /** Is there when it is left. */
  file: string;
}

/** What an ended job may leave behind, so that its process takes no message any more. */
const leftovers: Record<string, (left: Left, context: Context) => void> = {
  "a busy loop": ({ file }, context) => {
    const { writeFileSync } =
      context.require<typeof import("node:fs")>("node:fs");
    setTimeout(() => {
      writeFileSync(file, "");
      for (;;);
    }, 20);
  },
  "an endless chain of promises": ({ file }, context) => {
    const { writeFileSync } =
      context.require<typeof import("node:fs")>("node:fs");
    const next = (): Promise<void> => Promise.resolve().then(next);
    setTimeout(() => {
      writeFileSync(file, "");
      void next();
    }, 20);
  },
  "a channel without a listener": ({ file }, context) => {
    const { writeFileSync } =
      context.require<typeof import("node:fs")>("node:fs");
    setTimeout(() => {
      process.removeAllListeners("message");
      writeFileSync(file, "");
    }, 20);
  },
};

test.each(Object.entries(leftovers))(
  "A job that lies in a process which never comes to it, for an ended job has left %s, runs in another",
  async (_, leave) => {
    const file = path.join(temporaryFolder(), "left");
    const myjobs = await open();
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    await myjobs.schedule(leave, { file }, { wait: true });
    const [worker] = myjobs.workers.values();
    await until("it is left", () => existsSync(file));
    const jobs = await myjobs.scheduleMany(
      length,
      [{ text: "a" }, { text: "ab" }],
      { timeout: 2_000 },
    );
    expect(await myjobs.results(jobs, { timeout: 30_000 })).toEqual([1, 2]);
    await worker!.load();
    expect(worker).toMatchObject({
      state: "ERROR",
      error: "frozen: its process has not answered for 5 s",
    });
  },
);

test("A graceful stop does not wait for a process that will never come to what it was given", async () => {
  const store = path.join(temporaryFolder(), "jobs.db");
  const myjobs = await reopen({ store });
  await myjobs.workersSubprocessStart({ nrFixed: 1 });
  const [worker] = myjobs.workers.values();
  process.kill(worker!.pid, "SIGSTOP");
  const job = await myjobs.schedule(length, { text: "abc" });
  await until("it is sent", () =>
    [...myjobs.workers.values()].some(({ state }) => state === "BUSY"),
  );
  await myjobs.stop();
  const next = await reopen({ store });
  await next.workerStart();
  expect(await next.results([job], { timeout: 30_000 })).toEqual([3]);
});

test.each([0, 1_000])(
  "What a host has not sent yet, or not read, as it stood still, counts for no limit, with a grace of %s ms",
  async (killGrace) => {
    const myjobs = await open({ killGrace });
    await myjobs.workersSubprocessStart({ nrFixed: 1 });
    const limit = { timeout: 400 };
    const text = "x".repeat(5_000_000);
    const sent = await myjobs.schedule(length, { text }, limit);
    const isSent = (): boolean =>
      [...myjobs.workers.values()].some(({ state }) => state === "BUSY");
    await untilAtOnce("it is sent", isSent);
    block(1_000);
    expect((await sent.wait()).result).toBe(text.length);
    const told = await myjobs.schedule(repeat, { size: 3_000_000 }, limit);
    await until("it runs", async () => (await told.load()).state === "RUNNING");
    block(1_000);
    expect((await told.wait()).result).toHaveLength(3_000_000);
  },
);
