import { afterEach, expect, jest, test } from "@jest/globals";

import type * as Clock from "../../src/clock.js";
import type { WorkerRecord } from "../../src/models/worker.js";
import type { Store } from "../../src/store/store.js";
import type { Windows } from "../../src/supervisor/windows.js";
import { until } from "../support/until.js";

const worker: WorkerRecord = {
  ...{ id: 1, nr: 1, name: "w1", type: "tmux", state: "NEW", pid: 0, host: 2 },
  ...{ timeStart: 1, lastUpdate: 1, currentJob: null, error: null },
  ...{ halt: false, debug: false, timeout: 0 },
};

afterEach(() => {
  jest.dontMock("../../src/clock.js");
});

test("A keeper that is closed while a window opens looks after none any more", async () => {
  /** What is done time and again, until it is cleared. */
  const repeated = new Set<() => void>();
  jest.resetModules();
  jest.doMock("../../src/clock.js", () => ({
    ...jest.requireActual<typeof Clock>("../../src/clock.js"),
    setInterval: (callback: () => void) => {
      repeated.add(callback);
      return Object.assign(callback, { unref: () => callback });
    },
    clearInterval: (callback: () => void) => repeated.delete(callback),
  }));
  const { Keeper } = await import("../../src/supervisor/keeper.js");
  let looks = 0;
  let opened: (() => void) | undefined;
  const store = {
    path: "jobs.db",
    findWorkers: async () => [worker],
    windows: {
      keep: async () => ({ worker, adopted: false }),
      kept: async () => {
        looks += 1;
        return [];
      },
      leave: async () => false,
    },
  } as unknown as Store;
  const windows = {
    open: () => new Promise<void>((resolve) => (opened = resolve)),
  } as unknown as Windows;
  const keeper = new Keeper(store, windows, 0, {
    killed: async () => undefined,
    failed: () => undefined,
    changed: () => undefined,
  });
  const starting = keeper.start("workerTmuxStart", 1, false);
  await until("the window is being opened", () => opened !== undefined);
  const closing = keeper.close(true, 0, true);
  opened!();
  await Promise.all([starting, closing]);
  for (const look of repeated) look();
  expect([looks, repeated.size]).toEqual([0, 0]);
});
