import { type ChildProcess, spawn } from "node:child_process";

import { beforeEach, describe, expect, test } from "@jest/globals";

import type { WorkerRecord, WorkerState } from "../../src/models/worker.js";
import { isStopped, processStart } from "../../src/processes.js";
import type { HostProcess } from "../../src/store/neighbours.js";
import type { Store, WorkerQuery } from "../../src/store/store.js";
import { type CheckPort, checkWorkers } from "../../src/supervisor/check.js";
import { endAfterTest } from "../support/instance.js";
import { until } from "../support/until.js";

function record(id: number, host: number, state: WorkerState): WorkerRecord {
  return {
    ...{ id, nr: id, name: `w${String(id)}`, type: "subprocess", state, host },
    ...{ timeStart: 1, lastUpdate: 1, error: null, pid: 0, currentJob: null },
    ...{ halt: false, debug: false, timeout: 0 },
  };
}

describe("Of a host that a signal has stopped", () => {
  let child: ChildProcess;
  let stopped: HostProcess;
  let workers: WorkerRecord[];

  beforeEach(async () => {
    child = spawn("sleep", ["1000"], { stdio: "ignore" });
    endAfterTest(child);
    const pid = child.pid!;
    stopped = { id: 2, pid, pidStart: processStart(pid) };
    process.kill(pid, "SIGSTOP");
    await until("it is stopped", () => isStopped(pid));
    workers = [];
  });

  /** Checks them, from host 1; gives those that were found dead or frozen. */
  const check = async (): Promise<WorkerRecord[]> => {
    const findWorkers = async ({ state }: WorkerQuery) =>
      workers
        .filter((worker) => [state].flat().includes(worker.state))
        .map((worker) => ({ ...worker }));
    const freeze = async (id: number, error: string): Promise<void> => {
      const worker = workers.find((one) => one.id === id)!;
      Object.assign(worker, { state: "ERROR", error });
    };
    const silent = async (): Promise<HostProcess[]> => [stopped];
    const nothing = async (): Promise<void> => undefined;
    const checks = { ask: nothing, silent, freeze };
    const pool = { watchdog: { check: async () => [] }, ready: nothing };
    return checkWorkers({
      store: { findWorkers, checks } as unknown as Store,
      dispatcher: { pool },
      keeper: { kill: nothing, look: nothing },
      rescuer: { settle: nothing },
    } as unknown as CheckPort);
  };

  test.each<WorkerState>(["NEW", "WAITING"])(
    "a worker that is %s is frozen",
    async (state) => {
      workers = [record(1, 2, state), record(2, 1, state)];
      expect(await check()).toMatchObject([
        { id: 1, state: "ERROR", error: "frozen: its host does not answer" },
      ]);
      expect(workers[1]!.state).toBe(state);
    },
  );

  test("a worker that has a job is let alone: its limit is what it is judged by", async () => {
    workers = [record(1, 2, "BUSY")];
    expect(await check()).toEqual([]);
    expect(workers[0]!.state).toBe("BUSY");
  });
});
