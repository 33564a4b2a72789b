import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { beforeEach, expect, test } from "@jest/globals";
import PQueue from "p-queue";

import { Capturer } from "../../src/actions/capture.js";
import { checked, toAction } from "../../src/actions/origin.js";
import { Runner } from "../../src/execution/runner.js";
import type { Context } from "../../src/index.js";
import type { End, SentJob } from "../../src/transport/messages.js";
import { temporaryFolder } from "../support/instance.js";
import { claimedJob } from "../support/notes.js";
import { until } from "../support/until.js";

interface Kwargs {
  folder: string;
  heeds: boolean;
}

/** Ends when there is a file of its name; if it heeds that, when it is aborted. */
async function wait(
  { folder, heeds }: Kwargs,
  context: Context,
): Promise<void> {
  const { existsSync } = context.require<typeof import("node:fs")>("node:fs");
  const { job, signal } = context;
  while (!existsSync(`${folder}/${String(job.id)}-${String(job.attempt)}`)) {
    if (heeds) signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

let folder: string;
let ends: End[];
let runner: Runner;

beforeEach(async () => {
  folder = temporaryFolder();
  ends = [];
  runner = new Runner(
    { ended: (end) => ends.push(end), skipped: () => undefined },
    { concurrency: 1, resultLimit: 1_000, maxRss: 0, watched: "" },
    { queue: new PQueue() },
  );
  const action = await new Capturer().capture(wait, "schedule");
  const actions = [{ ...checked(action), id: 1 }];
  runner.take({ type: "jobs", jobs: [], actions });
});

const sent = (id: number, attempt: number, heeds: boolean): SentJob => ({
  job: {
    ...{ ...claimedJob(id), attempt },
    kwargs: JSON.stringify({ folder, heeds }),
  },
  mark: 0,
});

const abort = (id: number, attempt: number, reason: string): void => {
  runner.take({ type: "abort", id, attempt, reason });
};

const end = (id: number, attempt: number): void => {
  writeFileSync(path.join(folder, `${String(id)}-${String(attempt)}`), "");
};

/** Waits for it; gives what it threw. */
async function ended(id: number, attempt: number): Promise<string | undefined> {
  const isIt = (one: End): boolean => one.id === id && one.attempt === attempt;
  await until(`${String(id)} has ended`, () => ends.some(isIt));
  return ends.find(isIt)?.error?.message;
}

test("An abort reaches the attempt that it names, also when an earlier one that was given up on ends late", async () => {
  const jobs = [sent(7, 1, false), sent(7, 2, true)];
  runner.take({ type: "jobs", jobs, actions: [] });
  abort(7, 1, "first");
  end(7, 1);
  expect(await ended(7, 1)).toBeUndefined();
  abort(7, 2, "second");
  expect(await ended(7, 2)).toBe("second");
});

test("An abort reaches its job and no other, when one that began before them has ended", async () => {
  const jobs = [1, 2, 3].map((id) => sent(id, 1, true));
  runner.take({ type: "jobs", jobs, actions: [] });
  end(1, 1);
  expect(await ended(1, 1)).toBeUndefined();
  abort(3, 1, "enough");
  expect(await ended(3, 1)).toBe("enough");
  expect(ends).toHaveLength(2);
  end(2, 1);
  expect(await ended(2, 1)).toBeUndefined();
});

test.each([
  ["one at a time", undefined],
  ["several at a time", new PQueue()],
])(
  "A job that is aborted while its module is still being loaded ends at once, and its action never begins; %s",
  async (_, queue) => {
    const go = path.join(folder, "go");
    const module = path.join(folder, "slow.mjs");
    writeFileSync(
      module,
      `import { existsSync, writeFileSync } from "node:fs";
      const go = ${JSON.stringify(go)};
      while (!existsSync(go)) await new Promise((resolve) => setTimeout(resolve, 5));
      export const method = ({ nr }) => (writeFileSync(go + nr, ""), nr);`,
    );
    runner = new Runner(
      { ended: (one) => ends.push(one), skipped: () => undefined },
      { concurrency: 1, resultLimit: 1_000, maxRss: 0, watched: "" },
      { queue },
    );
    const action = toAction(
      { code: "", methodname: "method", actorname: module },
      { kind: "module", module: pathToFileURL(module).href },
    );
    const actions = [{ ...checked(action), id: 1 }];
    const jobs = [1, 2].map((nr) => ({
      job: { ...claimedJob(nr), kwargs: JSON.stringify({ nr }) },
      mark: 0,
    }));
    runner.take({ type: "jobs", jobs, actions });
    abort(1, 1, "enough");
    expect(await ended(1, 1)).toBe("enough");
    expect(ends).toHaveLength(1);
    writeFileSync(go, "");
    expect(await ended(2, 1)).toBeUndefined();
    expect([1, 2].map((nr) => existsSync(`${go}${String(nr)}`))).toEqual([
      false,
      true,
    ]);
  },
);
