import { spawn } from "node:child_process";

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import type { JobRecord } from "../../src/models/job.js";
import type { WorkerRecord } from "../../src/models/worker.js";
import { isStopped, processStart, signalProcess } from "../../src/processes.js";
import type { HostProcess } from "../../src/store/neighbours.js";
import type { Store } from "../../src/store/store.js";
import { Keeper } from "../../src/supervisor/keeper.js";
import type { Windows } from "../../src/supervisor/windows.js";
import { endAfterTest } from "../support/instance.js";
import { until } from "../support/until.js";

describe("A window whose program a signal has stopped", () => {
  let host: HostProcess;
  let keeper: Keeper;
  let worker: WorkerRecord;
  let job: Partial<JobRecord>;
  let killed: number[];

  beforeEach(async () => {
    const child = spawn("sleep", ["1000"], { stdio: "ignore" });
    endAfterTest(child);
    const pid = child.pid!;
    host = { id: 2, pid, pidStart: processStart(pid) };
    signalProcess(pid, "SIGSTOP");
    await until("it is stopped", () => isStopped(pid));
    worker = {
      ...{ id: 1, nr: 1, name: "w1", type: "tmux", state: "BUSY", pid: 0 },
      ...{ host: 2, timeStart: 1, lastUpdate: 1, currentJob: 3, error: null },
      ...{ halt: false, debug: false, timeout: 0 },
    };
    job = { id: 3, timeout: 0, timeStart: 1 };
    killed = [];
    const store = {
      getJobs: async (ids: readonly number[]) => (ids.includes(3) ? [job] : []),
      windows: {
        kept: async () => [{ worker, host }],
        leave: async () => false,
      },
    } as unknown as Store;
    const kill = async (nr: number): Promise<void> => {
      killed.push(nr);
    };
    keeper = new Keeper(store, { kill } as unknown as Windows, 0, {
      killed: async () => undefined,
      failed: () => undefined,
      changed: () => undefined,
    });
  });

  afterEach(async () => {
    await keeper.close(false, 0, true);
  });

  const hour = 3_600_000;

  test("is ended where its worker rests", async () => {
    worker = { ...worker, state: "WAITING", currentJob: null };
    await keeper.look();
    expect(killed).toEqual([1]);
  });

  test.each([
    ["is longer than its own limit", 1, 2 * hour, [1]],
    ["is longer than its worker's limit, where it has none", 0, 1, [1]],
    ["is within its own limit, whatever its worker's is", 2 * hour, 1, []],
    ["is within its worker's limit, where it has none", 0, 2 * hour, []],
    ["has no limit", 0, 0, []],
  ])(
    "is ended only for a job that runs for too long: one whose time %s",
    async (_, own, its, expected) => {
      job = { ...job, timeout: own, timeStart: Date.now() - hour };
      worker = { ...worker, timeout: its };
      await keeper.look();
      expect(killed).toEqual(expected);
    },
  );

  test("is let alone while its job has begun only lately, though the worker's row is old", async () => {
    job = { ...job, timeout: hour, timeStart: Date.now() };
    await keeper.look();
    expect(killed).toEqual([]);
  });
});
