import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import type { ActionRecord } from "../../src/models/action.js";
import type { ClaimedJob } from "../../src/models/job.js";
import type { WorkerRecord } from "../../src/models/worker.js";
import { openRules, readOptions } from "../../src/options.js";
import { PoolWorker, type WorkerSettings } from "../../src/pool/worker.js";
import type { Claim, JobFailure, Store } from "../../src/store/store.js";
import { Dispatcher } from "../../src/supervisor/dispatcher.js";
import { claimedJob, Notes } from "../support/notes.js";

const settings: WorkerSettings = {
  ...{ id: 7, nr: 7, type: "subprocess", scaled: false, watched: false },
  ...{ timeout: 0, killGrace: 60_000, concurrency: 1, debug: false },
};
const gone = { exitCode: null, signal: "SIGKILL", output: "" };

const turn = (): Promise<void> =>
  new Promise((resolve) => setImmediate(resolve));

describe("A dispatcher", () => {
  let dispatcher: Dispatcher;
  let vessel: Notes;
  let worker: PoolWorker;
  /** How many jobs each claim asks for; it gets them when a test says so. */
  let asked: number[];
  let claimed: (jobs: ClaimedJob[]) => Promise<void>;
  let failures: JobFailure[];
  let register: ((record: WorkerRecord) => void) | undefined;

  /** With one worker, that is up. */
  const start = async (maxJobsPerWorker: number): Promise<void> => {
    const store = {
      claimJobs: (_: unknown, limit: number) => {
        asked.push(limit);
        return new Promise<Claim>((resolve) => {
          claimed = (jobs) => {
            resolve({ jobs, isAll: true });
            return turn();
          };
        });
      },
      updateWorker: async () => undefined,
      registerWorker: () => new Promise((resolve) => (register = resolve)),
      finishJobs: async () => ({ accepted: [true], released: false }),
      releaseJobs: async () => [],
      failJob: async (failure: JobFailure) => {
        failures.push(failure);
        return { outcome: "ok", failed: [] };
      },
    } as unknown as Store;
    const options = readOptions("open", openRules, { maxJobsPerWorker });
    const nothing = (): void => undefined;
    dispatcher = new Dispatcher(
      store,
      options,
      { nrMin: 0, nrMax: 0 },
      {
        started: nothing,
        ended: nothing,
        changed: nothing,
        scaled: nothing,
        failed: (cause) => {
          throw cause;
        },
      },
    );
    dispatcher.learn({ id: 1 } as ActionRecord);
    worker = new PoolWorker(settings, dispatcher, () => (vessel = new Notes()));
    dispatcher.pool.workers.set(worker.settings.id, worker);
    await worker.start();
    await turn();
  };

  beforeEach(() => {
    asked = [];
    failures = [];
    claimed = async () => undefined;
    register = undefined;
  });

  afterEach(async () => {
    const closing = dispatcher.close(0, true);
    await claimed([]);
    if (worker.phase !== "dead") worker.gone(gone);
    await closing;
  });

  const end = (id: number): void => {
    worker.ended({
      ...{ type: "end", id, attempt: 1, result: "5" },
      ...{ timeStart: 1, took: 1 },
    });
  };

  test("stops a job that is cancelled while it is being claimed as soon as a worker holds it, and no other", async () => {
    await start(0);
    dispatcher.pool.served(1);
    dispatcher.cancel(2);
    await claimed([claimedJob(1), claimedJob(2), claimedJob(3)]);
    await dispatcher.written();
    expect(failures).toMatchObject([{ id: 2, errorCat: "HALTED" }]);
    expect(worker.holds).toBe(2);
  });

  test("stops no job of a later claim, whatever was cancelled during and after an earlier one", async () => {
    await start(0);
    dispatcher.pool.served(1);
    dispatcher.cancel(1);
    await claimed([]);
    dispatcher.cancel(2);
    dispatcher.news();
    await turn();
    await claimed([claimedJob(1), claimedJob(2)]);
    await dispatcher.written();
    expect(failures).toEqual([]);
    expect(worker).toMatchObject({ phase: "busy", holds: 2 });
  });

  test("does not count what a worker has given back among the jobs that it may run in its life", async () => {
    await start(2);
    dispatcher.pool.served(0.1);
    await claimed([]);
    dispatcher.news();
    await turn();
    expect(asked).toEqual([1, 2]);
    await claimed([claimedJob(1), claimedJob(2)]);
    worker.revoke();
    end(1);
    await turn();
    expect(worker.phase).toBe("idle");
    dispatcher.news();
    await turn();
    expect(asked.at(-1)).toBe(1);
    await claimed([claimedJob(2)]);
    end(2);
    // It makes room for a fresh one.
    expect(vessel.signals).toEqual(["leave"]);
  });

  test("claims nothing more once it closes, while its workers still live, nor when it has", async () => {
    await start(0);
    await claimed([]);
    const starting = dispatcher.startInprocess(undefined, false, false);
    await turn();
    const closing = dispatcher.close(60_000, true);
    dispatcher.news();
    await turn();
    expect(worker.phase).toBe("idle");
    expect(asked).toEqual([1]);
    register!({ id: 8, nr: 8 } as WorkerRecord);
    await starting;
    expect(vessel.signals).toEqual(["leave"]);
    worker.gone(gone);
    await closing;
    dispatcher.news();
    await turn();
    expect(asked).toEqual([1]);
  });
});
