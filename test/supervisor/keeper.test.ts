import { expect, test } from "@jest/globals";

import type { WorkerRecord } from "../../src/models/worker.js";
import type { Store } from "../../src/store/store.js";
import { Keeper } from "../../src/supervisor/keeper.js";
import type { Windows } from "../../src/supervisor/windows.js";
import { until } from "../support/until.js";

const worker: WorkerRecord = {
  ...{ id: 1, nr: 1, name: "w1", type: "tmux", state: "NEW", pid: 0, host: 2 },
  ...{ timeStart: 1, lastUpdate: 1, currentJob: null, error: null },
  ...{ halt: false, debug: false, timeout: 0 },
};

test("A keeper that is closed while a window opens looks after none any more", async () => {
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
  // In this time it would have looked twice.
  await new Promise((resolve) => setTimeout(resolve, 550));
  expect(looks).toBe(0);
});
