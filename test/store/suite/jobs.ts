import { describe, expect, test } from "@jest/globals";

import { JobNotFoundError } from "../../../src/errors.js";
import { errorCats, type JobError } from "../../../src/models/job.js";
import {
  claim,
  claimSome,
  failed,
  failure,
  finish,
  finished,
  type Hosts,
  job,
  type JobChanges,
  schedule,
  scheduleOne,
  states,
  worker,
} from "./ground.js";

export function jobSuite(hosts: Hosts): void {
  describe("insertJobs", () => {
    test("stores a job as it was given, NEW and with nothing of a run yet", async () => {
      const store = await hosts.open();
      const given = {
        name: "resize",
        category: "images",
        timeout: 250,
        actionId: 7,
        kwargs: '{"width":80}',
        die: false,
      };
      const id = await scheduleOne(store, given);
      expect(await job(store, id)).toEqual({
        ...given,
        id,
        state: "NEW",
        errorCat: "NA",
        timeStart: 0,
        timeStop: 0,
        result: null,
        error: null,
        dependencies: [],
        returnQueues: [],
        priority: 0,
        runAt: 0,
        attempt: 0,
        maxAttempts: 1,
        progress: null,
        worker: null,
      });
    });

    test.each<[string, JobChanges]>([
      ["plain", {}],
      ["of a category", { category: "images" }],
      ["with a limit", { timeout: 250 }],
      ["whose failure rejects no wait", { die: false }],
    ])(
      "stores each of very many as it was given, one of them %s",
      async (_, changes) => {
        const store = await hosts.open();
        const given = Array.from({ length: 100 }, (_, nr) => ({
          name: nr % 2 === 0 ? "" : `the ${String(nr)}th`,
          kwargs: `{"nr":${String(nr)}}`,
          actionId: 1 + nr,
          ...(nr === 70 ? changes : {}),
        }));
        const ids = await schedule(store, ...given);
        const records = await store.findJobs({ id: ids });
        expect(records).toMatchObject(
          given.map((one, nr) => ({
            ...{ id: ids[nr], category: "", timeout: 0, die: true },
            ...{ state: "NEW", errorCat: "NA", attempt: 0 },
            ...one,
            name: one.name || `j${String(ids[nr])}`,
          })),
        );
        expect(await store.countReady(undefined, 1_000)).toBe(100);
      },
    );

    test("names a job without a name after its id, and counts ids upward", async () => {
      const store = await hosts.open();
      const ids = await schedule(store, {}, { name: "mine" }, {});
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
      const records = await store.findJobs({ id: ids });
      expect(records.map(({ name }) => name)).toEqual([
        `j${String(ids[0])}`,
        "mine",
        `j${String(ids[2])}`,
      ]);
    });

    test("of no jobs stores none", async () => {
      const store = await hosts.open();
      expect((await store.insertJobs([])).ids).toEqual([]);
      expect(await store.countJobs({})).toBe(0);
    });
  });

  describe("claimJobs", () => {
    test("takes the oldest first, up to the limit, and each once", async () => {
      const store = await hosts.open();
      const ids = await schedule(store, {}, {}, {}, {}, {});
      const by = await worker(store);
      const takes = [];
      for (const limit of [2, 1, 10, 10])
        takes.push(await claimSome(store, by, limit, undefined));
      expect(takes.map((jobs) => jobs.map(({ id }) => id))).toEqual([
        ids.slice(0, 2),
        ids.slice(2, 3),
        ids.slice(3),
        [],
      ]);
    });

    test("takes fewer where they are large together, one at least, and says that there are more", async () => {
      const store = await hosts.open();
      const text = (size: number): string => JSON.stringify("x".repeat(size));
      const kwargs = [100_000, 2_000_000, 600_000, 600_000, 5, 8_000, 9_000];
      const ids = await schedule(
        store,
        ...kwargs.map((size) => ({ kwargs: text(size) })),
      );
      const by = await worker(store);
      const taken: number[] = [];
      for (;;) {
        const { jobs, isAll } = (await store.claimJobs(by, 10, undefined))!;
        const sizes = jobs.map(({ kwargs }) => kwargs.length);
        const size = sizes.reduce((sum, one) => sum + one, 0);
        expect(jobs.length <= 1 || size <= 2 ** 20).toBe(true);
        taken.push(...jobs.map(({ id }) => id));
        expect(sizes).toEqual(
          jobs.map(({ id }) => kwargs[ids.indexOf(id)]! + 2),
        );
        if (isAll) break;
        expect(jobs.length).toBeGreaterThan(0);
      }
      expect(taken).toEqual(ids);
    });

    test("takes fewer where the results that they depend on are large", async () => {
      const store = await hosts.open();
      const result = JSON.stringify("x".repeat(700_000));
      const before = await finished(store, result);
      const plan = { dependencies: [before] };
      const ids = await schedule(store, plan, plan);
      const by = await worker(store);
      for (const id of ids) {
        const { jobs } = (await store.claimJobs(by, 2, undefined))!;
        expect(jobs).toMatchObject([{ id, results: [result] }]);
      }
    });

    test("takes neighbours and those with others between them alike, and leaves the others", async () => {
      const store = await hosts.open();
      const ids = await schedule(
        store,
        ...Array.from({ length: 40 }, () => ({})),
      );
      for (const at of [3, 25]) await store.cancelJob(ids[at]!);
      const by = await worker(store);
      const taken: number[] = [];
      for (const limit of [3, 10, 10, 20]) {
        const jobs = await claimSome(store, by, limit, undefined);
        taken.push(...jobs.map(({ id }) => id));
        const running = await store.findJobs({ state: "RUNNING" });
        expect(running.map(({ id }) => id)).toEqual(taken);
      }
      const left = ids.filter((id) => id !== ids[3] && id !== ids[25]);
      expect(taken).toEqual(left);
      const attempts = (await store.getJobs(ids)).map(({ attempt }) => attempt);
      expect(attempts.filter((nr) => nr === 1)).toHaveLength(38);
    });

    test("gives what a job needs to run, counts the attempt and records who holds it", async () => {
      const store = await hosts.open(() => 12_345);
      const given = {
        name: "resize",
        category: "images",
        timeout: 250,
        actionId: 7,
        kwargs: '{"width":80}',
      };
      const id = await scheduleOne(store, given);
      const by = await worker(store, { nr: 4 });
      expect(await claimSome(store, by, 1, undefined)).toEqual([
        {
          ...given,
          id,
          attempt: 1,
          interruptions: 0,
          dependencies: [],
          results: [],
        },
      ]);
      expect(await job(store, id)).toMatchObject({
        state: "RUNNING",
        attempt: 1,
        worker: 4,
        timeStart: 12_345,
        timeStop: 0,
      });
    });

    test.each([
      ["name", { name: "resize" }],
      ["name like another's", { name: "j99" }],
      ["category", { category: "images" }],
      ["limit", { timeout: 250 }],
      ["kwargs", { kwargs: '{"width":80}' }],
    ])("gives a job with nothing of its own but its %s", async (_, given) => {
      const store = await hosts.open();
      const id = await scheduleOne(store, given);
      const by = await worker(store);
      const usual = { name: `j${String(id)}`, category: "", timeout: 0 };
      expect(await claimSome(store, by, 1, undefined)).toEqual([
        {
          ...{ ...usual, actionId: 1, kwargs: "{}", ...given },
          ...{ id, attempt: 1, interruptions: 0 },
          ...{ dependencies: [], results: [] },
        },
      ]);
    });

    test("takes only jobs of the categories asked for", async () => {
      const store = await hosts.open();
      const [a, , b, none] = await schedule(
        store,
        { category: "a" },
        { category: "c" },
        { category: "b" },
        { category: "" },
      );
      const by = await worker(store);
      const take = async (categories: string[]): Promise<number[]> =>
        (await claimSome(store, by, 10, categories)).map(({ id }) => id);
      expect(await take([])).toEqual([]);
      expect(await take(["A", "unknown"])).toEqual([]);
      expect(await take(["b", "a"])).toEqual([a, b]);
      expect(await take([""])).toEqual([none]);
      expect(await store.countJobs({ state: "NEW" })).toBe(1);
    });

    test("makes a worker BUSY with the job that its record names, or else the first, until it holds none", async () => {
      const store = await hosts.open();
      const [first, second, third] = await schedule(store, {}, {}, {});
      const by = await worker(store);
      const beside = await worker(store);
      const seen = async (): Promise<unknown[]> => {
        const workers = await store.findWorkers({ state: ["BUSY", "WAITING"] });
        return workers.map(({ state, currentJob }) => [state, currentJob]);
      };
      const rests = ["WAITING", null];
      expect(await seen()).toEqual([rests, rests]);
      const held = [await claim(store, by), await claim(store, by)] as const;
      expect(await seen()).toEqual([["BUSY", first], rests]);
      await claim(store, beside);
      expect(await seen()).toEqual([
        ["BUSY", first],
        ["BUSY", third],
      ]);
      await store.updateWorker(by.id, { currentJob: second! });
      expect(await seen()).toMatchObject([["BUSY", second], {}]);
      await finish(store, held[1]);
      expect(await seen()).toMatchObject([["BUSY", first], {}]);
      await finish(store, held[0]);
      expect(await seen()).toEqual([rests, ["BUSY", third]]);
      expect(await store.findWorkers({ state: "BUSY" })).toMatchObject([
        { id: beside.id },
      ]);
    });
  });

  describe("finishJobs", () => {
    test("ends a job OK, with its result and times", async () => {
      const store = await hosts.open();
      const id = await scheduleOne(store);
      const held = await claim(store, await worker(store));
      const result = '{"a":[1,null,"x"]}';
      const end = { ...held, result, timeStart: 1_111, timeStop: 2_222 };
      expect(await store.finishJobs([end])).toEqual({
        accepted: [true],
        released: false,
      });
      expect(await job(store, id)).toMatchObject({
        state: "OK",
        errorCat: "NA",
        result: '{"a":[1,null,"x"]}',
        error: null,
        timeStart: 1_111,
        timeStop: 2_222,
        worker: held.worker,
      });
    });

    test("judges each of several for itself, and releases what waits for those accepted", async () => {
      const store = await hosts.open();
      const ids = [await scheduleOne(store), await scheduleOne(store)];
      const behind = await scheduleOne(store, { dependencies: ids });
      const by = await worker(store);
      const [one, two] = [await claim(store, by), await claim(store, by)];
      const times = { timeStart: 1, timeStop: 2 };
      const outcomes = await store.finishJobs([
        { ...one, attempt: 7, result: '"late"', ...times },
        { ...one, result: '"one"', ...times },
        { ...one, result: '"again"', ...times },
        { ...two, result: '"two"', ...times },
      ]);
      expect(outcomes).toEqual({
        accepted: [false, true, false, true],
        released: true,
      });
      const [next] = await claimSome(store, by, 1, undefined);
      expect(next).toMatchObject({ id: behind, results: ['"one"', '"two"'] });
    });

    test.each([
      ["none", []],
      ["the first", [0]],
      ["some", [3, 20, 39]],
      ["the last", [39]],
    ])(
      "judges each of many for itself where %s of them are stale",
      async (_, stale: number[]) => {
        const store = await hosts.open();
        await schedule(store, ...Array.from({ length: 40 }, () => ({})));
        const by = await worker(store);
        const jobs = await claimSome(store, by, 40, undefined);
        const ends = jobs.map(({ id, attempt }, at) => ({
          id,
          worker: by.nr,
          attempt: stale.includes(at) ? attempt + 1 : attempt,
          result: String(at),
          timeStart: at + 1,
          timeStop: at + 2,
        }));
        const fresh = jobs.map((__, at) => !stale.includes(at));
        const both = [store.finishJobs(ends), store.finishJobs(ends)];
        expect(await Promise.all(both)).toEqual([
          { accepted: fresh, released: false },
          { accepted: fresh.map(() => false), released: false },
        ]);
        const records = await store.getJobs(jobs.map(({ id }) => id));
        expect(records).toMatchObject(
          fresh.map((ok, at) =>
            ok
              ? {
                  state: "OK",
                  result: String(at),
                  timeStart: at + 1,
                  timeStop: at + 2,
                }
              : { state: "RUNNING", result: null },
          ),
        );
      },
    );

    test("ends none of several if one cannot be stored", async () => {
      const store = await hosts.open();
      const ids = [await scheduleOne(store), await scheduleOne(store)];
      const by = await worker(store);
      const [one, two] = [await claim(store, by), await claim(store, by)];
      const times = { timeStart: 1, timeStop: 2 };
      const storing = store.finishJobs([
        { ...one, result: "1", ...times },
        {
          ...two,
          result: null as never,
          timeStart: null as never,
          timeStop: 1,
        },
      ]);
      await expect(storing).rejects.toBeInstanceOf(Error);
      expect(await states(store, ids)).toEqual(["RUNNING", "RUNNING"]);
      expect(await store.finishJobs([])).toMatchObject({ accepted: [] });
    });
  });

  describe("failJob", () => {
    test.each(errorCats.filter((cat) => cat !== "NA"))(
      "ends a job ERROR with category %s, its error and times",
      async (errorCat) => {
        const store = await hosts.open();
        const id = await scheduleOne(store);
        const held = await claim(store, await worker(store));
        const error: JobError = {
          name: "RangeError",
          message: "too far",
          stack: "RangeError: too far\n    at f (/a.ts:1:2)",
          code: "E_FAR",
          cause: { name: "Error", message: "inner" },
          exitCode: 3,
          signal: "SIGKILL",
          output: "last words",
          own: [1, { two: null }],
        };
        expect(
          await store.failJob({
            ...held,
            errorCat,
            error,
            timeStart: 0,
            timeStop: 2_222,
          }),
        ).toEqual({ outcome: "ok", failed: [] });
        expect(await job(store, id)).toMatchObject({
          state: "ERROR",
          errorCat,
          error,
          result: null,
          timeStart: 0,
          timeStop: 2_222,
        });
      },
    );
  });

  describe("releaseJobs", () => {
    test("gives jobs back: an attempt that had started stays counted, another does not", async () => {
      const store = await hosts.open();
      const [one, two] = await schedule(store, {}, {});
      const by = await worker(store);
      const held = [await claim(store, by), await claim(store, by)];
      await store.releaseJobs([
        { ...held[0]!, started: true },
        { ...held[1]!, started: false },
      ]);
      const back = { state: "NEW", worker: null, timeStart: 0, errorCat: "NA" };
      expect(await job(store, one!)).toMatchObject({ ...back, attempt: 1 });
      expect(await job(store, two!)).toMatchObject({ ...back, attempt: 0 });
      const again = await claimSome(store, by, 2, undefined);
      expect(again.map(({ id, attempt }) => [id, attempt])).toEqual([
        [one, 2],
        [two, 1],
      ]);
    });

    test("ends what had been cancelled, and those that hang on it, and tells their ids", async () => {
      const store = await hosts.open();
      const [one, two] = await schedule(store, {}, {});
      const behind = await scheduleOne(store, { dependencies: [one!] });
      const by = await worker(store);
      const held = [await claim(store, by), await claim(store, by)];
      await store.cancelJob(one!);
      expect(
        await store.releaseJobs(
          held.map((attempt) => ({ ...attempt, started: true })),
        ),
      ).toEqual([one, behind]);
      expect(await job(store, one!)).toMatchObject({
        state: "ERROR",
        errorCat: "HALTED",
        error: { name: "CancelledError" },
      });
      expect(await states(store, [two!, behind])).toEqual(["NEW", "ERROR"]);
      expect((await store.orders()).cancelled).toEqual([]);
    });

    test("is no interruption", async () => {
      const store = await hosts.open();
      await schedule(store, {});
      const by = await worker(store);
      for (let turn = 0; turn < 6; turn += 1) {
        const held = await claim(store, by);
        await store.releaseJobs([{ ...held, started: true }]);
      }
      const [taken] = await claimSome(store, by, 1, undefined);
      expect(taken).toMatchObject({ interruptions: 0, attempt: 7 });
    });
  });

  describe("cancelJob", () => {
    test("ends a NEW job HALTED at once, and nobody can take it any more", async () => {
      const store = await hosts.open(() => 5_555);
      const id = await scheduleOne(store);
      expect(await store.cancelJob(id)).toEqual({
        outcome: "cancelled",
        failed: [],
      });
      expect(await job(store, id)).toMatchObject({
        state: "ERROR",
        errorCat: "HALTED",
        error: { name: "CancelledError" },
        timeStart: 0,
        timeStop: 5_555,
      });
      const by = await worker(store);
      expect(await claimSome(store, by, 1, undefined)).toEqual([]);
    });

    test("leaves a RUNNING job running, marked for the host that runs it", async () => {
      const store = await hosts.open();
      const [id] = await schedule(store, {}, {});
      const by = await worker(store);
      const held = await claim(store, by);
      await claim(store, by);
      expect((await store.orders()).cancelled).toEqual([]);
      const running = { outcome: "running", failed: [] };
      expect(await store.cancelJob(id!)).toEqual(running);
      expect(await store.cancelJob(id!)).toEqual(running);
      expect(await states(store, [id!])).toEqual(["RUNNING"]);
      expect((await store.orders()).cancelled).toEqual([id]);
      await store.failJob({ ...held, ...failure, errorCat: "HALTED" });
      expect((await store.orders()).cancelled).toEqual([]);
    });

    test("says 'ended' of a job that has ended, and leaves it as it is", async () => {
      const store = await hosts.open();
      const ids = [await finished(store), await failed(store)];
      const before = await store.getJobs(ids);
      for (const id of ids)
        expect(await store.cancelJob(id)).toEqual({
          outcome: "ended",
          failed: [],
        });
      expect(await store.getJobs(ids)).toEqual(before);
    });

    test("of an unknown id throws JobNotFoundError", async () => {
      const store = await hosts.open();
      await expect(store.cancelJob(99)).rejects.toThrow(JobNotFoundError);
    });
  });

  describe("collectJob", () => {
    test("makes an OK job DONE, once", async () => {
      const store = await hosts.open();
      const id = await finished(store, '"kept"');
      expect(await store.collectJob(id)).toBe(true);
      expect(await job(store, id)).toMatchObject({
        state: "DONE",
        result: '"kept"',
      });
      expect(await store.collectJob(id)).toBe(false);
    });

    test("leaves every other job as it is", async () => {
      const store = await hosts.open();
      const error = await failed(store);
      const running = await scheduleOne(store);
      await claim(store, await worker(store));
      const waiting = await scheduleOne(store);
      const ids = [error, running, waiting];
      for (const id of [...ids, 99])
        expect(await store.collectJob(id)).toBe(false);
      expect(await states(store, ids)).toEqual(["ERROR", "RUNNING", "NEW"]);
    });
  });

  describe("counting", () => {
    test("countReady tells how many could be claimed, up to a bound and by category", async () => {
      const store = await hosts.open();
      const [first] = await schedule(store, {}, { category: "a" }, {});
      await schedule(store, { dependencies: [first!] });
      expect(await store.countReady(undefined, 100)).toBe(3);
      expect(await store.countReady(undefined, 2)).toBe(2);
      expect(await store.countReady(["a"], 100)).toBe(1);
      expect(await store.countReady(["", "a"], 2)).toBe(2);
      expect(await store.countReady([], 100)).toBe(0);
      await claim(store, await worker(store));
      expect(await store.countReady(undefined, 100)).toBe(2);
    });

    test("countActive is zero only when nothing runs and nothing could", async () => {
      const store = await hosts.open();
      expect(await store.countActive()).toBe(0);
      const first = await scheduleOne(store);
      expect(await store.countActive()).toBeGreaterThan(0);
      const held = await claim(store, await worker(store));
      const second = await scheduleOne(store, { dependencies: [first] });
      expect(await store.countActive()).toBeGreaterThan(0);
      await finish(store, held);
      expect(await store.countActive()).toBeGreaterThan(0);
      await store.cancelJob(second);
      expect(await store.countActive()).toBe(0);
    });
  });
}
