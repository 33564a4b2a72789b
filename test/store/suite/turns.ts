import { describe, expect, test } from "@jest/globals";

import { JobNotFoundError, StoppedError } from "../../../src/errors.js";
import type { Store } from "../../../src/store/store.js";
import { until } from "../../support/until.js";
import {
  claim,
  claimSome,
  finish,
  finished,
  type Hosts,
  job,
  newJob,
  schedule,
  scheduleOne,
  states,
  worker,
} from "./ground.js";

export function turnSuite(hosts: Hosts): void {
  describe("operations asked for in one turn", () => {
    test("see each other: a claim takes what is stored in its turn, even when asked for first", async () => {
      const store = await hosts.open();
      const by = await worker(store);
      const claiming = claimSome(store, by, 9, undefined);
      const storing = schedule(store, {}, {});
      const ids = await storing;
      expect((await claiming).map(({ id }) => id)).toEqual(ids);
    });

    test("see each other: a claim takes what is released in its turn", async () => {
      const store = await hosts.open();
      const one = await scheduleOne(store);
      const two = await scheduleOne(store, { dependencies: [one] });
      const by = await worker(store);
      const held = await claim(store, by);
      const [taken] = await Promise.all([
        claimSome(store, by, 9, undefined),
        finish(store, held, "5"),
      ]);
      expect(taken).toMatchObject([{ id: two, results: ["5"] }]);
    });

    test("fail alone: the others are done, in order, and only that one is not", async () => {
      const store = await hosts.open();
      const by = await worker(store);
      const running = await scheduleOne(store);
      const held = await claim(store, by);
      const outcomes = await Promise.allSettled([
        scheduleOne(store, { name: "before" }),
        store.insertJobs([newJob({ name: "bad", dependencies: [99] })]),
        finish(store, held),
        store.cancelJob(98),
        scheduleOne(store, { name: "after", dependencies: [running] }),
        claimSome(store, by, 9, undefined),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual([
        "fulfilled",
        "rejected",
        "fulfilled",
        "rejected",
        "fulfilled",
        "fulfilled",
      ]);
      for (const nr of [1, 3])
        expect(outcomes[nr]).toHaveProperty(
          "reason",
          expect.any(JobNotFoundError),
        );
      const jobs = await store.findJobs({});
      expect(jobs.map(({ name, state }) => [name, state])).toEqual([
        [`j${String(running)}`, "OK"],
        ["before", "RUNNING"],
        ["after", "RUNNING"],
      ]);
    });

    test("fail alone when all of them fail", async () => {
      const store = await hosts.open();
      const outcomes = await Promise.allSettled(
        [95, 96, 97, 98].map((id) => store.cancelJob(id)),
      );
      expect(
        outcomes.map((one) => "reason" in one && (one.reason as unknown)),
      ).toMatchObject([{ id: 95 }, { id: 96 }, { id: 97 }, { id: 98 }]);
      expect(await scheduleOne(store)).toBeGreaterThan(0);
    });

    test("count ids without a gap or a twin, whatever failed among them", async () => {
      const store = await hosts.open();
      const outcomes = await Promise.allSettled(
        Array.from({ length: 30 }, (_, nr) =>
          scheduleOne(store, { dependencies: nr % 3 === 0 ? [9_999] : [] }),
        ),
      );
      const ids = outcomes.flatMap((one) =>
        one.status === "fulfilled" ? [one.value] : [],
      );
      expect(new Set(ids).size).toBe(20);
      expect((await store.findJobs({})).map(({ id }) => id)).toEqual(ids);
    });
  });

  describe("close", () => {
    test("does what was asked for first, and refuses what comes later", async () => {
      const store = await hosts.open();
      const asked = [scheduleOne(store), scheduleOne(store)];
      const closing = store.close();
      await expect(Promise.all(asked)).resolves.toHaveLength(2);
      await closing;
      await expect(scheduleOne(store)).rejects.toThrow(StoppedError);
      await expect(store.findJobs({})).rejects.toThrow(StoppedError);
    });

    test("can be asked for twice", async () => {
      const store = await hosts.open();
      await Promise.all([store.close(), store.close()]);
      await store.close();
    });
  });
}

export function sharedTurnSuite(hosts: Hosts): void {
  describe("what has resolved", () => {
    test("can be seen by another host at once", async () => {
      const [mine, other] = [await hosts.open(), await hosts.open()];
      const id = await scheduleOne(mine);
      expect(await states(other, [id])).toEqual(["NEW"]);
      const by = await worker(mine);
      expect(await other.findWorkers({ id: by.id })).toHaveLength(1);
      const held = await claim(mine, by);
      expect(await states(other, [id])).toEqual(["RUNNING"]);
      await finish(mine, held, '"seen"');
      expect(await job(other, id)).toMatchObject({ result: '"seen"' });
      await other.collectJob(id);
      expect(await states(mine, [id])).toEqual(["DONE"]);
      await other.deleteJobs({ id });
      expect(await mine.getJobs([id])).toEqual([]);
    });

    test("is there when the store is opened again", async () => {
      const before = await hosts.open();
      const [ok, waiting] = [await finished(before), await scheduleOne(before)];
      const records = await before.getJobs([ok, waiting]);
      await before.close();
      const after = await hosts.open();
      expect(await after.getJobs([ok, waiting])).toEqual(records);
      expect(await claim(after, await worker(after))).toMatchObject({
        id: waiting,
      });
    });
  });

  describe("hosts that claim at once", () => {
    test("never share a job, and leave none", async () => {
      const stores = [await hosts.open(), await hosts.open()];
      const ids = await schedule(
        stores[0]!,
        ...Array.from({ length: 200 }, () => ({})),
      );
      const taken = await Promise.all(
        stores.flatMap((store) => [takeAll(store), takeAll(store)]),
      );
      expect(taken.flat().sort((a, b) => a - b)).toEqual(ids);
    });

    test("give each nr to one worker", async () => {
      const stores = [await hosts.open(), await hosts.open()];
      const workers = await Promise.all(
        Array.from({ length: 10 }, (_, nr) => worker(stores[nr % 2]!)),
      );
      const nrs = workers.map(({ nr }) => nr).sort((a, b) => a - b);
      expect(nrs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });
  });

  describe("onWork", () => {
    test("calls when another host has changed something, until it is let go of", async () => {
      const [mine, other] = [await hosts.open(), await hosts.open()];
      let calls = 0;
      let later = 0;
      const release = mine.onWork(() => (calls += 1));
      await scheduleOne(other);
      await until("the hint came", () => calls > 0);
      release();
      const heard = calls;
      mine.onWork(() => (later += 1));
      await scheduleOne(other);
      await until("the hint came to who still listens", () => later > 0);
      expect(calls).toBe(heard);
    });
  });
}

async function takeAll(store: Store): Promise<number[]> {
  const by = await worker(store);
  const taken: number[] = [];
  for (;;) {
    const jobs = await claimSome(store, by, 3, undefined);
    if (jobs.length === 0) return taken;
    taken.push(...jobs.map(({ id }) => id));
  }
}
