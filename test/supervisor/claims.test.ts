import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import type { ActionRecord } from "../../src/models/action.js";
import type { ClaimedJob } from "../../src/models/job.js";
import type { Outcome } from "../../src/pool/outcome.js";
import { PoolWorker } from "../../src/pool/worker.js";
import type { Claim, Store } from "../../src/store/store.js";
import { Claims } from "../../src/supervisor/claims.js";
import { claimedJob, Notes } from "../support/notes.js";

const gone = { exitCode: null, signal: "SIGKILL", output: "" };
const settings = {
  id: 1,
  nr: 1,
  type: "subprocess",
  scaled: true,
  watched: false,
  timeout: 0,
  killGrace: 5,
  concurrency: 1,
  debug: false,
} as const;

/** An idle worker, and a store that says what it has claimed when a test says so: others see it RUNNING before. */
describe("a worker told to end while a job is being claimed for it", () => {
  let vessel: Notes;
  let worker: PoolWorker;
  let claims: Claims;
  let claimed: (jobs: ClaimedJob[] | Error | undefined) => Promise<void>;
  let settled: Outcome[];
  let released: number[];
  let dead: boolean;
  let fed: number;

  beforeEach(async () => {
    settled = [];
    released = [];
    dead = false;
    worker = new PoolWorker(
      settings,
      {
        settled: (_, __, outcome) => settled.push(outcome),
        changed: ({ phase }) => (dead = phase === "dead"),
        grown: () => undefined,
      },
      () => (vessel = new Notes()),
    );
    fed = 0;
    const claiming = new Promise<Claim | undefined>((resolve, reject) => {
      claimed = async (jobs) => {
        if (jobs instanceof Error) reject(jobs);
        else resolve(jobs && { jobs, isAll: true });
        await claims.close();
      };
    });
    const store = { claimJobs: () => claiming } as unknown as Store;
    claims = new Claims(store, undefined, {
      allowance: () => Infinity,
      serviceTime: () => undefined,
      assign: (one, jobs, actions) => {
        one.assign(jobs, actions);
      },
      release: (_, jobs) => released.push(...jobs.map(({ id }) => id)),
      drained: () => undefined,
      rest: () => undefined,
      again: () => (fed += 1),
      failed: () => undefined,
    });
    claims.learn({ id: 1 } as ActionRecord);
    await worker.start();
    claims.feed(worker);
  });

  afterEach(() => {
    if (!dead) worker.gone(gone);
  });

  const end = (id: number) =>
    ({
      type: "end",
      id,
      attempt: 1,
      timeStart: 1,
      timeStop: 2,
      took: 1,
      result: "5",
    }) as const;

  test("finishes that job, gives back what was to lie behind it, and leaves", async () => {
    worker.halt();
    expect(vessel.signals).toEqual([]);
    await claimed([claimedJob(1), claimedJob(2)]);
    expect(vessel.sent).toMatchObject([{ job: { id: 1 } }]);
    expect(released).toEqual([2]);
    expect(worker).toMatchObject({ phase: "draining", current: { id: 1 } });
    worker.ended(end(1));
    expect(settled).toMatchObject([{ kind: "ok", result: "5" }]);
    expect(vessel.signals).toEqual(["leave"]);
  });

  test("finishes it also when its instance stops meanwhile", async () => {
    void claims.close();
    worker.halt();
    await claimed([claimedJob(1), claimedJob(2)]);
    expect(vessel.sent).toMatchObject([{ job: { id: 1 } }]);
    expect(released).toEqual([2]);
  });

  test.each([
    ["before the job is there", true],
    ["after", false],
  ])(
    "ends that job HALTED if it is killed, and its process is gone %s",
    async (_, before) => {
      worker.kill();
      expect(vessel.signals).toEqual(["SIGKILL"]);
      if (before) worker.gone(gone);
      expect(dead).toBe(false);
      await claimed([claimedJob(1), claimedJob(2)]);
      if (!before) worker.gone(gone);
      expect(settled).toMatchObject([{ kind: "failed", errorCat: "HALTED" }]);
      expect(released).toEqual([2]);
      expect(dead).toBe(true);
    },
  );

  test.each([
    ["is killed so that its jobs run again", () => worker.kill(true)],
    ["dies", () => undefined],
    ["dies after it was halted", () => worker.halt()],
  ])("gives that job back, not begun, if it %s", async (_, doing) => {
    doing();
    worker.gone(gone);
    await claimed([claimedJob(1)]);
    expect(settled).toEqual([]);
    expect(released).toEqual([1]);
    expect(dead).toBe(true);
  });

  test("is replaced if others have given it up, and the others are fed", async () => {
    await claimed(undefined);
    expect(vessel.signals[0]).toBe("SIGKILL");
    expect(worker).toMatchObject({ phase: "draining", unwanted: false });
    expect(fed).toBe(1);
  });

  test("is told to have died, if it did before it was halted", async () => {
    worker.gone(gone);
    worker.halt();
    await claimed([claimedJob(1)]);
    expect(released).toEqual([1]);
    expect(worker.error).toMatch(/SIGKILL/);
  });

  test.each([
    ["there is no job", []],
    ["the claim fails", new Error("no disk")],
  ])("leaves if %s", async (_, outcome) => {
    worker.halt();
    await claimed(outcome);
    expect(vessel.signals).toEqual(["leave"]);
    expect(dead).toBe(false);
    worker.gone(gone);
    expect(dead).toBe(true);
  });
});

/** Idle workers, and a store that has so many jobs, or fails. */
describe("what is there to claim", () => {
  const workers: PoolWorker[] = [];
  let asked: number[];
  let claims: Claims;
  let there: number | Error;
  let drained: number;
  let serviceTime: number | undefined;
  /** More than so many are too large for one claim. */
  let most: number;

  beforeEach(async () => {
    serviceTime = undefined;
    most = Infinity;
    asked = [];
    there = 0;
    drained = 0;
    let id = 0;
    const claimJobs: Store["claimJobs"] = async ({ nr }, limit) => {
      asked.push(nr);
      if (there instanceof Error) throw there;
      const got = Math.min(limit, there, most);
      const isAll = got === there && got < limit;
      there -= got;
      const jobs = Array.from({ length: got }, () => claimedJob((id += 1)));
      return { jobs, isAll };
    };
    claims = new Claims({ claimJobs } as unknown as Store, undefined, {
      allowance: () => Infinity,
      serviceTime: () => serviceTime,
      assign: (worker, jobs, actions) => {
        worker.assign(jobs, actions);
      },
      release: () => undefined,
      drained: () => (drained += 1),
      rest: () => undefined,
      again: () => undefined,
      failed: () => undefined,
    });
    claims.learn({ id: 1 } as ActionRecord);
    for (const nr of [1, 2, 3]) {
      const port = {
        settled: () => undefined,
        changed: () => undefined,
        grown: () => undefined,
      };
      workers.push(
        new PoolWorker({ ...settings, id: nr, nr }, port, () => new Notes()),
      );
      // However slow this machine is: no job becomes a slow one.
      Object.defineProperty(workers.at(-1)!, "slowFor", { value: 0 });
      await workers.at(-1)!.start();
    }
  });

  afterEach(async () => {
    await claims.close();
    for (const worker of workers.splice(0)) worker.gone(gone);
  });

  /** Feeds all; gives who has asked. */
  const feed = async (): Promise<number[]> => {
    claims.feedAll(new Map(workers.map((worker) => [worker.nr, worker])));
    await new Promise((resolve) => setImmediate(resolve));
    return asked.splice(0);
  };

  test("is asked for by all at first, and by nobody once one has got less than it asked for", async () => {
    expect(await feed()).toEqual([1, 2, 3]);
    expect(await feed()).toEqual([]);
    expect(drained).toBe(3);
  });

  test("is asked for by as many as there are jobs that have come, and then nothing waits", async () => {
    await feed();
    [there, drained] = [2, 0];
    claims.news(2);
    expect(await feed()).toEqual([1, 2]);
    expect(drained).toBeGreaterThan(0);
    expect(await feed()).toEqual([]);
    claims.news(1);
    claims.news();
    expect(await feed()).toEqual([3]);
  });

  test("is asked for by those that have nothing first, though others would take it ahead", async () => {
    serviceTime = 1;
    there = 1;
    expect(await feed()).toEqual([1, 2, 3]);
    expect(workers.map(({ holds }) => holds)).toEqual([1, 0, 0]);
    claims.news(1);
    expect(await feed()).toEqual([2]);
    claims.news();
    expect(await feed()).toEqual([2, 3, 1]);
  });

  test("is asked for again where large jobs come in parts", async () => {
    serviceTime = 1;
    most = 2;
    await feed();
    [there, drained] = [7, 0];
    claims.news(7);
    // Two would take all of them.
    expect(await feed()).toEqual([1, 2]);
    expect(workers.map(({ holds }) => holds)).toEqual([2, 2, 0]);
    expect(drained).toBe(0);
    expect(await feed()).toContain(3);
  });

  test("is asked for again where a claim has failed", async () => {
    await feed();
    there = new Error("no disk");
    claims.news(1);
    expect(await feed()).toEqual([1]);
    there = 1;
    expect(await feed()).toEqual([1, 2, 3]);
  });
});

/** Workers with an appetite for five jobs, and a store that gives each of their claims what a test says. */
describe("a job under which a host has died", () => {
  let claims: Claims;
  let workers: PoolWorker[];
  /** How many jobs each claim asked for. */
  let asked: number[];
  let given: ClaimedJob[][];
  /** What was assigned, by the number of the worker. */
  let assigned: [nr: number, ids: number[]][];
  let released: number[];

  beforeEach(() => {
    workers = [];
    asked = [];
    given = [];
    assigned = [];
    released = [];
    const ids = (jobs: readonly ClaimedJob[]): number[] =>
      jobs.map(({ id }) => id);
    const claimJobs: Store["claimJobs"] = async (_, limit) => {
      asked.push(limit);
      return { jobs: given.shift() ?? [], isAll: false };
    };
    claims = new Claims({ claimJobs } as unknown as Store, undefined, {
      allowance: () => Infinity,
      serviceTime: () => 1,
      assign: (worker, jobs, actions) => {
        assigned.push([worker.nr, ids(jobs)]);
        worker.assign(jobs, actions);
      },
      release: (_, jobs) => released.push(...ids(jobs)),
      drained: () => undefined,
      rest: () => undefined,
      again: () => undefined,
      failed: (cause) => {
        throw cause;
      },
    });
    claims.learn({ id: 1 } as ActionRecord);
  });

  afterEach(async () => {
    await claims.close();
    for (const worker of workers) worker.gone(gone);
  });

  const start = async (nr: number): Promise<PoolWorker> => {
    const port = {
      settled: () => undefined,
      changed: () => undefined,
      grown: () => undefined,
    };
    const worker = new PoolWorker(
      { ...settings, id: nr, nr },
      port,
      () => new Notes(),
    );
    // However slow this machine is: no job becomes a slow one.
    Object.defineProperty(worker, "slowFor", { value: 0 });
    workers.push(worker);
    await worker.start();
    return worker;
  };

  const feed = async (worker: PoolWorker): Promise<void> => {
    claims.feed(worker);
    await new Promise((resolve) => setImmediate(resolve));
  };

  const suspect = (id: number): ClaimedJob => ({
    ...claimedJob(id),
    interruptions: 1,
  });

  test("goes alone: what was claimed with it is given back, and nothing is sent behind it", async () => {
    const worker = await start(1);
    given = [[suspect(1), claimedJob(2), claimedJob(3)], [claimedJob(2)]];
    await feed(worker);
    await feed(worker);
    expect(assigned).toEqual([[1, [1]]]);
    expect(released).toEqual([2, 3]);
    expect(asked).toEqual([5]);
  });

  test("is not sent behind those that were claimed before it", async () => {
    const worker = await start(1);
    given = [[claimedJob(1), claimedJob(2), suspect(3), claimedJob(4)]];
    await feed(worker);
    expect(assigned).toEqual([[1, [1, 2]]]);
    expect(released).toEqual([3, 4]);
  });

  test("is given back by a worker that has another, which is told nothing of it", async () => {
    const worker = await start(1);
    given = [[claimedJob(1)], [suspect(2), claimedJob(3)]];
    await feed(worker);
    await feed(worker);
    expect(assigned).toEqual([[1, [1]]]);
    expect(released).toEqual([2, 3]);
  });

  test("has others come one by one after it, to workers that have nothing, until one of them is none", async () => {
    const [first, second, third] = [
      await start(1),
      await start(2),
      await start(3),
    ];
    given = [[suspect(1)], [suspect(2)], [claimedJob(3)], [claimedJob(4)]];
    await feed(first);
    await feed(second);
    await feed(first);
    await feed(third);
    expect(asked).toEqual([5, 1, 1]);
    await feed(third);
    expect(asked).toEqual([5, 1, 1, 4]);
    expect(assigned).toEqual([
      [1, [1]],
      [2, [2]],
      [3, [3]],
      [3, [4]],
    ]);
  });

  test("still goes alone when others turn out to be none while it runs", async () => {
    const [first, second] = [await start(1), await start(2)];
    given = [[suspect(1)], [claimedJob(2)], [claimedJob(3)]];
    await feed(first);
    await feed(second);
    await feed(first);
    expect(assigned).toEqual([
      [1, [1]],
      [2, [2]],
    ]);
  });
});
