import { describe, expect, test } from "@jest/globals";

import { Worker } from "../../src/handles/worker.js";
import type { WorkerRecord, WorkerState } from "../../src/models/worker.js";

const record = (state: WorkerState, currentJob: number | null = null) =>
  ({
    ...{ id: 5, nr: 1, name: "w1", type: "subprocess", state, pid: 7 },
    ...{ timeStart: 1, lastUpdate: 1, currentJob, error: null },
    ...{ halt: false, debug: false, timeout: 0, host: 2 },
  }) as const satisfies WorkerRecord;

/** A handle that knows a worker of another process, which is as given in the store by now. */
function handle(known: WorkerRecord, found?: WorkerRecord): Worker {
  return new Worker(known, {
    find: async () => found,
    halt: async () => undefined,
    kill: async () => undefined,
  });
}

describe("The handle of another process's worker whose number was taken again", () => {
  test("says that it was halted, and runs nothing any more", async () => {
    const worker = await handle(record("BUSY", 3)).load();
    expect(worker).toMatchObject({ state: "HALTED", currentJob: null, nr: 1 });
  });

  test("still says that it died, if it did, and of what", async () => {
    const error = "its host process died";
    const worker = await handle({ ...record("ERROR"), error }).load();
    expect(worker).toMatchObject({ state: "ERROR", error });
  });

  test("is as the store has it while its record is there", async () => {
    const worker = await handle(record("ERROR"), record("WAITING")).load();
    expect(worker.state).toBe("WAITING");
  });
});
