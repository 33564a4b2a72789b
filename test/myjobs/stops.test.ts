import { readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "@jest/globals";

import type { Context } from "../../src/index.js";
import { signalGroup } from "../../src/processes.js";
import { open, temporaryFolder } from "../support/instance.js";
import { isAlive, until } from "../support/until.js";

interface Given {
  file: string;
}
type Way = (given: Given, context: Context) => unknown;

/** Each notes its process, and those that it starts, before it hangs. */
const ways: Record<string, Way> = {
  "a busy loop": ({ file }, context) => {
    context.require<Fs>("node:fs").writeFileSync(file, String(process.pid));
    for (;;);
  },
  "a child process waited for synchronously": ({ file }, context) => {
    context.require<Fs>("node:fs").writeFileSync(file, String(process.pid));
    context
      .require<typeof import("node:child_process")>("node:child_process")
      .execSync("sleep 1000");
  },
  "an Atomics.wait": ({ file }, context) => {
    context.require<Fs>("node:fs").writeFileSync(file, String(process.pid));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  "a process that ignores SIGTERM": ({ file }, context) => {
    process.on("SIGTERM", () => undefined);
    context.require<Fs>("node:fs").writeFileSync(file, String(process.pid));
    return new Promise(() => setInterval(() => undefined, 1_000));
  },
  "a process that SIGSTOP has stopped": ({ file }, context) => {
    context.require<Fs>("node:fs").writeFileSync(file, String(process.pid));
    process.kill(process.pid, "SIGSTOP");
    return new Promise(() => setInterval(() => undefined, 1_000));
  },
  "a process with children that ignore SIGTERM": ({ file }, context) => {
    const { spawn } =
      context.require<typeof import("node:child_process")>(
        "node:child_process",
      );
    const command = "trap '' TERM; while :; do sleep 1; done";
    const child = spawn("sh", ["-c", command], { stdio: "ignore" });
    context
      .require<Fs>("node:fs")
      .writeFileSync(file, [process.pid, child.pid].join(" "));
    return new Promise(() => setInterval(() => undefined, 1_000));
  },
};

describe("whatever a job hangs in, its limit, cancel() and kill() end it with its process group:", () => {
  test.each(Object.entries(ways))("%s", async (_, way) => {
    const folder = temporaryFolder();
    const myjobs = await open({ killGrace: 50 });
    await myjobs.workersSubprocessStart({ nrFixed: 3 });
    const given = (name: string): Given => ({ file: path.join(folder, name) });
    const pids = ({ file }: Given): number[] => {
      try {
        return readFileSync(file, "utf8").trim().split(" ").map(Number);
      } catch {
        return []; // not yet
      }
    };
    const all = ["late", "cancelled", "killed"].map(given);
    const hanging = (): boolean =>
      all.every((one) => pids(one).some((pid) => pid > 0));
    const late = await myjobs.schedule(way, all[0]!, { timeout: 1_000 });
    const cancelled = await myjobs.schedule(way, all[1]!);
    const killed = await myjobs.schedule(way, all[2]!);
    await until("all of them hang", hanging);
    expect(await cancelled.cancel()).toBe(true);
    const worker = [...myjobs.workers.values()].find(
      ({ currentJob }) => currentJob === killed.id,
    );
    await worker!.kill();
    await myjobs.wait([late, cancelled, killed], { die: false });
    const ends = [late, cancelled, killed].map(({ errorCat, error, attempt }) =>
      [errorCat, error?.name, error?.signal, attempt].join(" "),
    );
    expect(ends).toEqual([
      expect.stringMatching(/^TIMEOUT TimeoutError SIG(TERM|KILL) 1$/),
      expect.stringMatching(/^HALTED CancelledError SIG(TERM|KILL) 1$/),
      "HALTED KilledError SIGKILL 1",
    ]);
    await until("nobody of them is left", () =>
      all.flatMap(pids).every((pid) => !isAlive(pid) && !signalGroup(pid, 0)),
    );
    await until(
      "the pool is whole again",
      () =>
        [...myjobs.workers.values()].filter(({ state }) => state === "WAITING")
          .length === 3,
    );
  });
});

type Fs = typeof import("node:fs");
