import { expect, test } from "@jest/globals";

import { WorkerError } from "../../src/errors.js";
import type { WorkerRecord, WorkerState } from "../../src/models/worker.js";
import type { KeptWindow } from "../../src/store/neighbours.js";
import type { Store } from "../../src/store/store.js";
import type { Windows } from "../../src/supervisor/windows.js";
import { WindowStart } from "../../src/supervisor/windowStart.js";

const record = (id: number, state: WorkerState): WorkerRecord => ({
  ...{ id, nr: 1, name: "w1", type: "tmux", state, pid: 0, host: 2 },
  ...{ timeStart: 1, lastUpdate: 1, currentJob: null, error: null },
  ...{ halt: false, debug: false, timeout: 0 },
});

/** The start of worker 5 in window 1, by a store in which one look after another finds this window. */
function starting(looks: KeptWindow[]): {
  ready: Promise<void>;
  left: () => number;
} {
  const store = {
    // Its record is gone: another has its number.
    findWorkers: async () => [],
    windows: { kept: async () => [looks.shift()!] },
  } as unknown as Store;
  const start = new WindowStart(store, undefined as unknown as Windows);
  const ready = start.ready(record(5, "NEW"));
  return { ready, left: () => looks.length };
}

const host = { id: 2, pid: 1, pidStart: "" };

test("A window whose worker dies in the moment in which it is ready is waited for: it replaces it", async () => {
  const { ready, left } = starting([
    { worker: record(5, "ERROR"), host },
    { worker: record(6, "NEW"), host },
    { worker: record(6, "WAITING"), host },
  ]);
  await ready;
  expect(left()).toBe(0);
});

test("A window that has ended with its worker is not waited for", async () => {
  const { ready } = starting([
    { worker: record(5, "ERROR"), host },
    { worker: record(5, "ERROR"), host: undefined },
  ]);
  await expect(ready).rejects.toThrow(WorkerError);
  await expect(ready).rejects.toThrow("the worker in window w1: it has ended");
});
