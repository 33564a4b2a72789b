import { describe, expect, test } from "@jest/globals";

import type { WorkerRecord } from "../../../src/models/worker.js";
import type { Store } from "../../../src/store/store.js";
import { claim, type Hosts, scheduleOne, worker } from "./ground.js";

const plain = { timeout: 60_000, debug: false };

async function keep(store: Store, nr?: number): Promise<WorkerRecord> {
  const keeping = await store.windows.keep(
    nr === undefined ? plain : { ...plain, nr },
  );
  return keeping!.worker;
}

/** The program of the window comes up: a host of its own that takes the record over. */
async function comeUp(hosts: Hosts, nr: number): Promise<Store> {
  const program = await hosts.open();
  const own = await program.registerWorker({ ...plain, type: "tmux", nr });
  await program.updateWorker(own!.id, { state: "WAITING", pid: 77 });
  return program;
}

export function neighbourSuite(hosts: Hosts): void {
  describe("a window", () => {
    test("that is not there has a NEW record of this host, for it to open", async () => {
      const store = await hosts.open();
      const keeping = await store.windows.keep({ ...plain, debug: true });
      expect(keeping).toMatchObject({
        adopted: false,
        worker: { nr: 1, type: "tmux", state: "NEW", pid: 0, debug: true },
      });
      expect(await store.windows.kept()).toEqual([
        { worker: keeping!.worker, host: undefined },
      ]);
    });

    test("whose program comes up becomes that program's, under the same id", async () => {
      const store = await hosts.open();
      const { id } = await keep(store, 3);
      await comeUp(hosts, 3);
      const [kept] = await store.windows.kept();
      expect(kept).toMatchObject({
        worker: { id, nr: 3, state: "WAITING", pid: 77 },
        host: { pid: process.pid },
      });
      expect(kept!.host!.id).toBe(kept!.worker.host);
      expect(await store.windows.host(kept!.worker.host)).toEqual(kept!.host);
    });

    test("that lives is adopted, and kept until the last one leaves it", async () => {
      const [one, two] = [await hosts.open(), await hosts.open()];
      const { id } = await keep(one, 1);
      await comeUp(hosts, 1);
      const keeping = await two.windows.keep({ ...plain, nr: 1 });
      expect(keeping).toMatchObject({ adopted: true, worker: { id } });
      expect(await one.windows.leave(1)).toBe(false);
      expect(await one.windows.kept()).toEqual([]);
      expect(await two.windows.leave(1)).toBe(true);
    });

    test("keeps its number for itself while it is dead", async () => {
      const store = await hosts.open();
      const { id } = await keep(store, 1);
      await store.updateWorker(id, { state: "ERROR" });
      expect((await worker(store)).nr).toBe(2);
      expect(
        await store.registerWorker({ ...plain, type: "subprocess", nr: 1 }),
      ).toBe(undefined);
      const again = await store.windows.keep({ ...plain, nr: 1 });
      expect(again).toMatchObject({ adopted: false, worker: { nr: 1 } });
      expect(again!.worker.id).not.toBe(id);
    });

    test("cannot have the number of a live worker of another kind", async () => {
      const store = await hosts.open();
      await worker(store, { nr: 2 });
      expect(await store.windows.keep({ ...plain, nr: 2 })).toBe(undefined);
      expect(await store.windows.kept()).toEqual([]);
    });

    test("is prepared once by two hosts that want it at the same time", async () => {
      const [one, two] = [await hosts.open(), await hosts.open()];
      const both = await Promise.all(
        [one, two].map((store) => store.windows.keep({ ...plain, nr: 1 })),
      );
      expect(both.map((keeping) => keeping!.adopted).sort()).toEqual([
        false,
        true,
      ]);
      expect(both[0]!.worker.id).toBe(both[1]!.worker.id);
    });

    test("is left by a host that closes, and by one that dies", async () => {
      const [one, two, next] = [
        await hosts.open(),
        await hosts.open(),
        await hosts.open(),
      ];
      const { host } = await keep(two, 1);
      await one.windows.keep({ ...plain, nr: 1 });
      await one.close();
      await hosts.lose(host);
      await next.rescue([host]);
      expect((await worker(next)).nr).toBe(1);
    });
  });

  describe("asking after the others", () => {
    test("is answered by each of them, once for all who asked", async () => {
      const [one, two, asked] = [
        await hosts.open(),
        await hosts.open(),
        await hosts.open(),
      ];
      await one.checks.ask();
      await two.checks.ask();
      expect((await asked.orders()).asked).toBe(true);
      expect(await one.checks.silent()).toHaveLength(2);
      await asked.checks.answer();
      expect((await asked.orders()).asked).toBe(false);
      await two.checks.answer();
      expect(await one.checks.silent()).toEqual([]);
      // Nobody has answered for the one that asked first.
      expect(await two.checks.silent()).toHaveLength(1);
    });

    test("finds a worker whose host does not wake up: it is ERROR, and its host is to replace it should it wake", async () => {
      const [mine, frozen] = [await hosts.open(), await hosts.open()];
      const { id, nr } = await worker(frozen);
      await mine.checks.freeze(id, "frozen");
      expect(await mine.findWorkers({ nr })).toMatchObject([
        { state: "ERROR", error: "frozen" },
      ]);
      expect((await frozen.orders()).workers).toEqual([
        { id, order: "replace" },
      ]);
      await frozen.updateWorker(id, { state: "WAITING" });
      expect(await mine.findWorkers({ nr })).toMatchObject([
        { state: "ERROR" },
      ]);
    });

    test("refuses one that was given up a job, though another has its number by now", async () => {
      const [mine, woken] = [await hosts.open(), await hosts.open()];
      const lost = await worker(woken);
      const well = await worker(woken);
      await mine.checks.freeze(lost.id, "frozen");
      await worker(mine, { nr: lost.nr });
      expect((await woken.orders()).known).toEqual([well.id]);
      const id = await scheduleOne(mine);
      const [none, some] = await Promise.all([
        woken.claimJobs(lost, 5, undefined),
        woken.claimJobs(well, 5, undefined),
      ]);
      expect(none).toBeUndefined();
      expect(some!.jobs).toMatchObject([{ id, attempt: 1 }]);
    });

    test("leaves a worker that has a job by now", async () => {
      const [mine, woken] = [await hosts.open(), await hosts.open()];
      const by = await worker(woken);
      await scheduleOne(mine);
      await claim(woken, by);
      await mine.checks.freeze(by.id, "frozen");
      expect(await mine.findWorkers({ id: by.id })).toMatchObject([
        { state: "BUSY", error: null, halt: false },
      ]);
      expect(await woken.orders()).toMatchObject({
        workers: [],
        known: [by.id],
      });
    });
  });

  test("resetting is possible beside the hosts that are named", async () => {
    const [mine, other] = [await hosts.open(), await hosts.open()];
    const { host } = await worker(other);
    await mine.assertAlone([host]);
    await expect(mine.assertAlone([])).rejects.toMatchObject({
      fault: "in-use",
    });
  });
}
