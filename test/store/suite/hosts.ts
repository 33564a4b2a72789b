import { describe, expect, test } from "@jest/globals";

import type { Store } from "../../../src/store/store.js";
import {
  claim,
  claimSome,
  finish,
  type Hosts,
  job,
  schedule,
  scheduleOne,
  states,
  worker,
} from "./ground.js";

export function hostSuite(hosts: Hosts): void {
  /** A host that takes the next job and dies. */
  async function die(): Promise<number> {
    const store = await hosts.open();
    const by = await worker(store);
    await claim(store, by);
    await hosts.lose(by.host);
    return by.host;
  }

  async function settle(store: Store): ReturnType<Store["rescue"]> {
    const lost = await store.lostHosts();
    return store.rescue(lost.map(({ id }) => id));
  }

  describe("a host that lives", () => {
    test("is lost to nobody, and neither is one that has closed", async () => {
      const [one, two] = [await hosts.open(), await hosts.open()];
      expect(await one.lostHosts()).toEqual([]);
      expect(await two.lostHosts()).toEqual([]);
      await one.close();
      expect(await two.lostHosts()).toEqual([]);
    });

    test("keeps its jobs and workers when another one is settled", async () => {
      const [live, next] = [await hosts.open(), await hosts.open()];
      const [mine] = await schedule(next, {}, {});
      const by = await worker(live);
      const held = await claim(live, by);
      const lost = await die();
      expect((await next.lostHosts()).map(({ id }) => id)).toEqual([lost]);
      await settle(next);
      expect(await states(next, [mine!])).toEqual(["RUNNING"]);
      expect(await next.findWorkers({ id: by.id })).toMatchObject([
        { state: "BUSY", currentJob: mine, error: null },
      ]);
      expect(await finish(live, held)).toBe("ok");
    });
  });

  describe("jobs that ended elsewhere", () => {
    test("are told to a host without those that it ran itself", async () => {
      const [mine, other] = [await hosts.open(), await hosts.open()];
      const [ours, theirs, cancelled] = await schedule(mine, {}, {}, {});
      for (const host of [mine, other])
        await finish(host, await claim(host, await worker(host)));
      await mine.cancelJob(cancelled!);
      const ids = [ours!, theirs!, cancelled!];
      const elsewhere = async (host: Store): Promise<number[]> =>
        (await host.endedJobs(ids, true))
          .map(({ id }) => id)
          .sort((a, b) => a - b);
      expect(await elsewhere(mine)).toEqual([theirs, cancelled]);
      expect(await elsewhere(other)).toEqual([ours, cancelled]);
      expect(await mine.endedJobs(ids)).toHaveLength(3);
    });
  });

  describe("a host that closes", () => {
    test("gives back what it still holds, as no interruption, and frees the numbers of its workers", async () => {
      const [mine, next] = [await hosts.open(), await hosts.open()];
      const id = await scheduleOne(mine);
      const by = await worker(mine);
      await claim(mine, by);
      await mine.close();
      expect(await job(next, id)).toMatchObject({
        state: "NEW",
        attempt: 1,
        worker: null,
        timeStart: 0,
      });
      expect(await next.findWorkers({ id: by.id })).toMatchObject([
        { state: "HALTED", currentJob: null, error: null },
      ]);
      const heir = await worker(next);
      expect(heir.nr).toBe(by.nr);
      expect(await claimSome(next, heir, 1, undefined)).toMatchObject([
        { id, attempt: 2, interruptions: 0 },
      ]);
    });

    test("ends what had been cancelled, and those that hang on it", async () => {
      const [mine, next] = [await hosts.open(), await hosts.open()];
      const id = await scheduleOne(mine);
      const behind = await scheduleOne(mine, { dependencies: [id] });
      await claim(mine, await worker(mine));
      await next.cancelJob(id);
      await mine.close();
      expect(await states(next, [id, behind])).toEqual(["ERROR", "ERROR"]);
      expect(await job(next, id)).toMatchObject({
        errorCat: "HALTED",
        error: { name: "CancelledError" },
      });
    });
  });

  describe("a host that has died", () => {
    test("is told with the processes that it may have left", async () => {
      const [dead, next] = [await hosts.open(), await hosts.open()];
      const child = { type: "subprocess" } as const;
      const pids = [101, 102, 103, 0];
      const workers = [];
      for (const pid of pids) {
        const by = await worker(dead, child);
        await dead.updateWorker(by.id, {
          pid,
          pidStart: `then ${String(pid)}`,
        });
        workers.push(by);
      }
      await dead.updateWorker(workers[2]!.id, { state: "HALTED" });
      const inside = await worker(dead, { type: "inprocess" });
      await dead.updateWorker(inside.id, { pid: 104, pidStart: "then 104" });
      await hosts.lose(inside.host);
      expect(await next.lostHosts()).toEqual([
        {
          id: inside.host,
          processes: [
            { pid: 101, pidStart: "then 101" },
            { pid: 102, pidStart: "then 102" },
          ],
        },
      ]);
    });

    test("gives its jobs back, and its workers are dead", async () => {
      const [dead, next] = [await hosts.open(), await hosts.open(() => 9_999)];
      const ids = await schedule(dead, {}, {}, {});
      const by = await worker(dead);
      await claimSome(dead, by, 2, undefined);
      await hosts.lose(by.host);
      expect(await settle(next)).toEqual({
        released: ids.slice(0, 2),
        failed: [],
      });
      for (const id of ids.slice(0, 2))
        expect(await job(next, id)).toMatchObject({
          state: "NEW",
          errorCat: "NA",
          attempt: 1,
          worker: null,
          timeStart: 0,
        });
      expect(await next.findWorkers({})).toMatchObject([
        {
          id: by.id,
          state: "ERROR",
          currentJob: null,
          error: expect.stringMatching(/host/),
          lastUpdate: 9_999,
        },
      ]);
      const heir = await worker(next);
      expect(heir.nr).toBe(by.nr);
      const taken = await claimSome(next, heir, 9, undefined);
      expect(
        taken.map(({ attempt, interruptions }) => [attempt, interruptions]),
      ).toEqual([
        [2, 1],
        [2, 1],
        [1, 0],
      ]);
    });

    test("is settled once, whoever comes first", async () => {
      const [one, two] = [await hosts.open(), await hosts.open()];
      const id = await scheduleOne(one);
      const lost = await die();
      const rescues = await Promise.all([
        one.rescue([lost]),
        two.rescue([lost]),
      ]);
      expect(rescues.flatMap(({ released }) => released)).toEqual([id]);
      expect(await one.rescue([lost])).toEqual({ released: [], failed: [] });
      expect(await two.lostHosts()).toEqual([]);
      const by = await worker(two);
      expect(await claimSome(two, by, 1, undefined)).toMatchObject([
        { id, interruptions: 1 },
      ]);
    });

    test("ends a job CRASH at the fourth time, and those that hang on it", async () => {
      const store = await hosts.open(() => 8_888);
      const id = await scheduleOne(store);
      const behind = await scheduleOne(store, { dependencies: [id] });
      for (let death = 1; death <= 3; death += 1) {
        await die();
        expect(await settle(store)).toEqual({ released: [id], failed: [] });
        expect(await states(store, [id, behind])).toEqual(["NEW", "NEW"]);
      }
      await die();
      const { released, failed } = await settle(store);
      expect(released).toEqual([]);
      expect(failed).toEqual([id, behind]);
      expect(await job(store, id)).toMatchObject({
        state: "ERROR",
        errorCat: "CRASH",
        attempt: 4,
        timeStop: 8_888,
        error: { name: "InterruptedError", message: expect.any(String) },
      });
      expect((await job(store, behind)).error).toMatchObject({
        dependencyFailure: id,
      });
    });

    test("ends what had been cancelled under it", async () => {
      const [dead, next] = [await hosts.open(), await hosts.open()];
      const id = await scheduleOne(next);
      const behind = await scheduleOne(next, { dependencies: [id] });
      const by = await worker(dead);
      await claim(dead, by);
      expect((await next.cancelJob(id)).outcome).toBe("running");
      expect((await next.orders()).cancelled).toEqual([]);
      expect((await dead.orders()).cancelled).toEqual([id]);
      await hosts.lose(by.host);
      expect(await settle(next)).toEqual({
        released: [],
        failed: [id, behind],
      });
      expect(await job(next, id)).toMatchObject({
        state: "ERROR",
        errorCat: "HALTED",
        error: { name: "CancelledError" },
      });
    });
  });

  describe("assertAlone and reset", () => {
    test("refuse while another host lives, and say why; nothing is deleted", async () => {
      const [mine, other] = [await hosts.open(), await hosts.open()];
      await scheduleOne(mine);
      const refusal = { name: "StoreError", fault: "in-use" };
      await expect(mine.assertAlone()).rejects.toMatchObject(refusal);
      await expect(mine.reset()).rejects.toMatchObject(refusal);
      expect(await mine.countJobs({})).toBe(1);
      await other.close();
      await mine.assertAlone();
      await mine.reset();
      expect(await mine.countJobs({})).toBe(0);
    });

    test("do not mind a host that has died", async () => {
      const store = await hosts.open();
      await scheduleOne(store);
      await die();
      await store.assertAlone();
      await store.reset();
      expect(await store.countJobs({})).toBe(0);
    });
  });
}
