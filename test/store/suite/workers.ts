import { describe, expect, test } from "@jest/globals";

import type { WorkerFilter } from "../../../src/store/store.js";
import { claim, claimSome, type Hosts, scheduleOne, worker } from "./ground.js";

const plain = { type: "subprocess", timeout: 60_000, debug: false } as const;

export function workerSuite(hosts: Hosts): void {
  describe("registerWorker", () => {
    test("gives the lowest nr that is free, and a record that says so", async () => {
      const store = await hosts.open(() => 3_333);
      const first = await store.registerWorker({ ...plain, debug: true });
      expect(first).toEqual({
        id: first!.id,
        host: first!.host,
        nr: 1,
        name: "w1",
        type: "subprocess",
        state: "NEW",
        pid: 0,
        timeStart: 3_333,
        lastUpdate: 3_333,
        currentJob: null,
        error: null,
        halt: false,
        debug: true,
        timeout: 60_000,
      });
      expect(await store.findWorkers({})).toEqual([first]);
      await worker(store, { nr: 3 });
      expect((await worker(store)).nr).toBe(2);
      expect((await worker(store)).nr).toBe(4);
    });

    test("refuses a nr that a live worker has, whatever its state", async () => {
      const store = await hosts.open();
      const { id } = await worker(store, { nr: 7 });
      for (const state of ["NEW", "WAITING", "BUSY"] as const) {
        await store.updateWorker(id, { state });
        expect(await store.registerWorker({ ...plain, nr: 7 })).toBe(undefined);
      }
      expect(await store.findWorkers({})).toMatchObject([{ id, nr: 7 }]);
    });

    test("gives each nr once when many ask in one turn", async () => {
      const store = await hosts.open();
      const records = await Promise.all(
        Array.from({ length: 10 }, () => store.registerWorker(plain)),
      );
      const nrs = records.map((record) => record!.nr);
      expect(nrs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(new Set(records.map((record) => record!.id)).size).toBe(10);
    });
  });

  describe("the record of a worker", () => {
    test("stays after its end until its nr is taken again, by a worker of another id", async () => {
      const store = await hosts.open();
      for (const state of ["HALTED", "ERROR"] as const) {
        const old = await worker(store);
        await store.updateWorker(old.id, { state, error: "its end" });
        expect(await store.findWorkers({})).toMatchObject([
          { id: old.id, nr: 1, state, error: "its end" },
        ]);
        const next = await worker(store);
        expect(next.nr).toBe(1);
        expect(next.id).not.toBe(old.id);
        expect(await store.findWorkers({ id: old.id })).toEqual([]);
        await store.updateWorker(next.id, { state: "HALTED" });
      }
    });

    test("changes in what is told, and in the time of it", async () => {
      let time = 1_000;
      const store = await hosts.open(() => time);
      const { id } = await worker(store);
      const read = () => store.findWorkers({ id });
      const before = await read();
      time = 2_000;
      await store.updateWorker(id, { pid: 4_711, pidStart: "then" });
      expect(await read()).toEqual([
        { ...before[0], pid: 4_711, lastUpdate: 2_000 },
      ]);
      await store.updateWorker(id, { error: "slow" });
      expect(await read()).toMatchObject([
        { state: "WAITING", error: "slow", pid: 4_711 },
      ]);
      await store.updateWorker(id, { state: "NEW", error: null });
      expect(await read()).toMatchObject([{ state: "NEW", error: null }]);
    });

    test("takes no change after its end", async () => {
      let time = 1_000;
      const store = await hosts.open(() => time);
      const { id, nr } = await worker(store);
      await store.updateWorker(id, { state: "HALTED" });
      const ended = await store.findWorkers({ id });
      time = 2_000;
      await store.updateWorker(id, { state: "WAITING", pid: 1, error: "x" });
      await store.haltWorker(id, "halt");
      await claimSome(store, { id, nr }, 1, undefined);
      await scheduleOne(store);
      const refused = await store.claimJobs({ id, nr }, 1, undefined);
      expect(refused).toBeUndefined();
      expect(await store.findWorkers({ id })).toEqual(ended);
    });

    test("has a flag that asks it to halt", async () => {
      const store = await hosts.open();
      const [one, two] = [await worker(store), await worker(store)];
      await store.haltWorker(one.id, "halt");
      expect(await store.findWorkers({})).toMatchObject([
        { id: one.id, halt: true, state: "WAITING" },
        { id: two.id, halt: false },
      ]);
    });

    test("is ordered to halt or to die, which its own host alone is told, until it has ended", async () => {
      const store = await hosts.open();
      const [one, two] = [await worker(store), await worker(store)];
      await store.haltWorker(one.id, "halt");
      await store.haltWorker(two.id, "kill");
      // A kill is not softened by a later halt.
      await store.haltWorker(two.id, "halt");
      const three = await worker(store);
      await store.haltWorker(three.id, "requeue");
      // The first kill has decided what becomes of the job.
      await store.haltWorker(three.id, "kill");
      expect(await store.orders()).toEqual({
        cancelled: [],
        workers: [
          { id: one.id, order: "halt" },
          { id: two.id, order: "kill" },
          { id: three.id, order: "requeue" },
        ],
        known: [one.id, two.id, three.id],
        asked: false,
      });
      for (const { id } of [one, two, three])
        await store.updateWorker(id, { state: "HALTED" });
      expect((await store.orders()).workers).toEqual([]);
    });
  });

  describe("a filter of workers", () => {
    test.each<[string, WorkerFilter, number[]]>([
      ["no field", {}, [1, 2, 3]],
      ["a nr", { nr: 2 }, [2]],
      ["nrs", { nr: [3, 1, 9] }, [1, 3]],
      ["no nr at all", { nr: [] }, []],
      ["a pid", { pid: 200 }, [2]],
      ["pids", { pid: [100, 300] }, [1, 3]],
      ["a type", { type: "inprocess" }, [1, 3]],
      ["types", { type: ["tmux", "subprocess"] }, [2]],
      ["a state", { state: "BUSY" }, [3]],
      ["states", { state: ["BUSY", "HALTED"] }, [1, 3]],
      ["a name", { name: "w2" }, [2]],
      ["names", { name: ["w3", "w1"] }, [1, 3]],
      ["several fields", { type: "inprocess", state: "BUSY" }, [3]],
    ])(
      "with %s finds those alone, in the order of nr",
      async (_, filter, nrs) => {
        const store = await hosts.open();
        const three = await worker(store, { nr: 3, type: "inprocess" });
        const one = await worker(store, { nr: 1, type: "inprocess" });
        const two = await worker(store, { nr: 2, type: "subprocess" });
        await store.updateWorker(one.id, { state: "HALTED", pid: 100 });
        await store.updateWorker(two.id, { pid: 200 });
        await store.updateWorker(three.id, { pid: 300 });
        await scheduleOne(store);
        await claim(store, three);
        expect((await store.findWorkers(filter)).map(({ nr }) => nr)).toEqual(
          nrs,
        );
      },
    );
  });
}
