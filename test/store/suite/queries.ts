import { describe, expect, test } from "@jest/globals";

import type { JobFilter, Store } from "../../../src/store/store.js";
import {
  claim,
  failed,
  finished,
  type Hosts,
  schedule,
  scheduleOne,
  worker,
} from "./ground.js";

export function querySuite(hosts: Hosts): void {
  describe("a filter of jobs", () => {
    test.each<[string, JobFilter, (keyof Sample)[]]>([
      ["no field", {}, ["ok", "error", "done", "halted", "running", "waiting"]],
      ["a state", { state: "RUNNING" }, ["running"]],
      ["states", { state: ["OK", "DONE", "NEW"] }, ["ok", "done", "waiting"]],
      ["a state nobody is in", { state: [] }, []],
      ["an error category", { errorCat: "HALTED" }, ["halted"]],
      ["error categories", { errorCat: ["ERROR", "CRASH"] }, ["error"]],
      ["a category", { category: "finished" }, ["ok", "done"]],
      ["categories", { category: ["mine", "failed"] }, ["error", "waiting"]],
      ["no category", { category: "" }, ["halted", "running"]],
      ["a name", { name: "the one" }, ["waiting"]],
      ["names", { name: ["the one", "no one"] }, ["waiting"]],
      ["an action", { actionId: 42 }, ["waiting"]],
      ["actions", { actionId: [42, 43] }, ["waiting"]],
      ["several fields", { state: "NEW", category: "mine" }, ["waiting"]],
      ["fields that exclude each other", { state: "OK", name: "the one" }, []],
    ])(
      "with %s finds and counts those jobs alone",
      async (_, filter, names) => {
        const store = await hosts.open();
        const sample = await fill(store);
        const ids = names.map((name) => sample[name]);
        expect(await found(store, filter)).toEqual(ids);
        expect(await store.countJobs(filter)).toBe(ids.length);
      },
    );

    test("with ids finds those that exist, in the order of ids", async () => {
      const store = await hosts.open();
      const { ok, error, running } = await fill(store);
      expect(await found(store, { id: error })).toEqual([error]);
      expect(await found(store, { id: [running, 99, ok, ok, 0] })).toEqual([
        ok,
        running,
      ]);
      expect(await found(store, { id: [] })).toEqual([]);
      expect(await found(store, { id: [ok, error], state: "OK" })).toEqual([
        ok,
      ]);
    });

    test("pages by `after` and `limit` through all of them, in the order of ids", async () => {
      const store = await hosts.open();
      const ids = await schedule(
        store,
        ...Array.from({ length: 25 }, (_, nr) => ({
          category: nr % 2 === 0 ? "even" : "odd",
        })),
      );
      const seen: number[][] = [];
      for (let after = 0; ;) {
        const page = await found(store, { after, limit: 5, category: "even" });
        if (page.length === 0) break;
        seen.push(page);
        after = page.at(-1)!;
      }
      expect(seen.map((page) => page.length)).toEqual([5, 5, 3]);
      expect(seen.flat()).toEqual(ids.filter((_, nr) => nr % 2 === 0));
      expect(await found(store, { after: ids[20]! })).toEqual(ids.slice(21));
      expect(await found(store, { limit: 0 })).toEqual([]);
      expect(await found(store, { limit: 3 })).toEqual(ids.slice(0, 3));
    });

    test("finds a thousand unless told otherwise, and counts all", async () => {
      const store = await hosts.open();
      await schedule(store, ...Array.from({ length: 1_005 }, () => ({})));
      expect(await found(store, {})).toHaveLength(1_000);
      expect(await found(store, { limit: 2_000 })).toHaveLength(1_005);
      expect(await store.countJobs({})).toBe(1_005);
    });
  });

  describe("getJobs, jobStates and endedJobs", () => {
    test("give the jobs that exist, their states, and those of them that have ended", async () => {
      const store = await hosts.open();
      const sample = await fill(store);
      const ids = Object.values(sample);
      const got = await store.getJobs([...ids, 99]);
      expect(got.map(({ id }) => id).sort(upward)).toEqual(ids.sort(upward));
      const ended = await store.endedJobs([...ids, 99]);
      const { ok, error, done, halted } = sample;
      expect(ended.map(({ id }) => id).sort(upward)).toEqual([
        ok,
        error,
        done,
        halted,
      ]);
      expect(await store.getJobs([])).toEqual([]);
      const states = await store.jobStates([sample.done, 99, sample.running]);
      expect(states.sort((a, b) => a.id - b.id)).toEqual([
        { id: sample.done, state: "DONE" },
        { id: sample.running, state: "RUNNING" },
      ]);
    });

    test("give ten thousand as well as one", async () => {
      const store = await hosts.open();
      const ids = await schedule(
        store,
        ...Array.from({ length: 10_000 }, () => ({})),
      );
      expect(await store.getJobs(ids)).toHaveLength(10_000);
      expect(await store.endedJobs(ids)).toEqual([]);
    });
  });

  describe("deleteJobs", () => {
    test("deletes what matches, leaves RUNNING jobs, and tells the ids", async () => {
      const store = await hosts.open();
      const { ok, error, done, halted, running, waiting } = await fill(store);
      expect(await store.deleteJobs({ id: [ok, running, 99] })).toEqual({
        deleted: [ok],
        failed: [],
      });
      const { deleted } = await store.deleteJobs({});
      expect(deleted.sort(upward)).toEqual([error, done, halted, waiting]);
      expect(await found(store, {})).toEqual([running]);
      expect(await store.deleteJobs({})).toEqual({ deleted: [], failed: [] });
    });

    test("does not tell of dependants that it deleted along", async () => {
      const store = await hosts.open();
      const one = await scheduleOne(store);
      const two = await scheduleOne(store, { dependencies: [one] });
      const { deleted, failed } = await store.deleteJobs({});
      expect(deleted.sort(upward)).toEqual([one, two]);
      expect(failed).toEqual([]);
    });

    test("frees no id: it is never given again, not even when all are gone", async () => {
      const store = await hosts.open();
      const ids = await schedule(store, {}, {}, {});
      await store.deleteJobs({});
      expect(await store.countJobs({})).toBe(0);
      expect(await scheduleOne(store)).toBeGreaterThan(Math.max(...ids));
    });
  });

  describe("reset", () => {
    test("deletes every job, action and worker, and goes on with new ids", async () => {
      const store = await hosts.open();
      const ids = Object.values(await fill(store));
      await store.putAction(action);
      await store.reset();
      expect(await store.countJobs({})).toBe(0);
      expect(await store.findWorkers({})).toEqual([]);
      expect(await store.findActions({})).toEqual([]);
      const next = await scheduleOne(store);
      expect(next).toBeGreaterThan(Math.max(...ids));
      const by = await worker(store);
      expect(by.nr).toBe(1);
      expect(await claim(store, by)).toMatchObject({ id: next, attempt: 1 });
    });
  });
}

const action = {
  key: "k",
  code: "",
  methodname: "m",
  actorname: "a",
  origin: "{}",
};

const upward = (a: number, b: number): number => a - b;

async function found(store: Store, filter: JobFilter): Promise<number[]> {
  return (await store.findJobs(filter)).map(({ id }) => id);
}

type Sample = Awaited<ReturnType<typeof fill>>;

/** One job of each kind, in the order of ids. */
async function fill(store: Store) {
  const ok = await finished(store);
  const error = await failed(store);
  const done = await finished(store);
  await store.collectJob(done);
  const halted = await scheduleOne(store);
  await store.cancelJob(halted);
  const running = await scheduleOne(store);
  await claim(store, await worker(store));
  const waiting = await scheduleOne(store, {
    category: "mine",
    name: "the one",
    actionId: 42,
  });
  return { ok, error, done, halted, running, waiting };
}
