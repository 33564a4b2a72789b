import { describe, expect, test } from "@jest/globals";

import { JobNotFoundError } from "../../../src/errors.js";
import type { Store } from "../../../src/store/store.js";
import {
  claim,
  claimSome,
  failed,
  failure,
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

export function dependencySuite(hosts: Hosts): void {
  describe("a job with dependencies", () => {
    test("can be taken once all of them are OK, and is given their results in order", async () => {
      const store = await hosts.open();
      const [one, two] = await schedule(store, {}, {});
      const last = await scheduleOne(store, { dependencies: [two!, one!] });
      const by = await worker(store);
      const held = [await claim(store, by), await claim(store, by)];
      expect(await claimSome(store, by, 9, undefined)).toEqual([]);
      await finish(store, held[0]!, '"of one"');
      expect(await claimSome(store, by, 9, undefined)).toEqual([]);
      await finish(store, held[1]!, '"of two"');
      const taken = await claimSome(store, by, 9, undefined);
      expect(taken).toMatchObject([
        {
          id: last,
          dependencies: [two, one],
          results: ['"of two"', '"of one"'],
        },
      ]);
      expect((await job(store, last)).dependencies).toEqual([two, one]);
    });

    test("runs in a diamond: the middle after the top, the bottom after both", async () => {
      const store = await hosts.open();
      const top = await scheduleOne(store);
      const middle = await schedule(
        store,
        { dependencies: [top] },
        { dependencies: [top] },
      );
      const bottom = await scheduleOne(store, { dependencies: middle });
      expect(await rounds(store)).toEqual([[top], middle, [bottom]]);
      expect(await store.countJobs({ state: "OK" })).toBe(4);
    });

    test("runs in a chain, one after another", async () => {
      const store = await hosts.open();
      const chain = [await scheduleOne(store)];
      while (chain.length < 20)
        chain.push(await scheduleOne(store, { dependencies: chain.slice(-1) }));
      expect(await rounds(store)).toEqual(chain.map((id) => [id]));
    });

    test("may depend on a job of the same call", async () => {
      const store = await hosts.open();
      const before = await scheduleOne(store);
      const [first, second] = await schedule(
        store,
        {},
        { dependencies: [before + 1] },
      );
      expect(await rounds(store)).toEqual([[before, first], [second]]);
    });

    test("can be taken at once when they are OK or DONE already", async () => {
      const store = await hosts.open();
      const ok = await finished(store, '"ok"');
      const done = await finished(store, '"done"');
      await store.collectJob(done);
      const id = await scheduleOne(store, { dependencies: [ok, done] });
      const taken = await claimSome(store, await worker(store), 9, undefined);
      expect(taken).toMatchObject([{ id, results: ['"ok"', '"done"'] }]);
    });

    test("that names one twice waits for it once, and is given its result twice", async () => {
      const store = await hosts.open();
      const one = await scheduleOne(store);
      const id = await scheduleOne(store, { dependencies: [one, one] });
      const by = await worker(store);
      await finish(store, await claim(store, by), "5");
      expect(await claimSome(store, by, 9, undefined)).toMatchObject([
        { id, dependencies: [one, one], results: ["5", "5"] },
      ]);
    });

    test("goes on waiting when what it depends on is given back", async () => {
      const store = await hosts.open();
      const one = await scheduleOne(store);
      const two = await scheduleOne(store, { dependencies: [one] });
      const by = await worker(store);
      const held = await claim(store, by);
      await store.releaseJobs([{ ...held, started: true }]);
      expect(await rounds(store)).toEqual([[one], [two]]);
    });
  });

  describe("an unknown dependency", () => {
    test("is refused by name, and nothing of the call is stored", async () => {
      const store = await hosts.open();
      const known = await scheduleOne(store);
      const storing = store.insertJobs([
        newJob({ dependencies: [known] }),
        newJob({ dependencies: [known, 99] }),
        newJob(),
      ]);
      await expect(storing).rejects.toThrow(JobNotFoundError);
      await expect(storing).rejects.toMatchObject({ id: 99 });
      expect(await store.countJobs({})).toBe(1);
      await store.deleteJobs({});
      expect(await store.countJobs({ state: "ERROR" })).toBe(0);
    });

    test("is one that was deleted, too, and the job itself", async () => {
      const store = await hosts.open();
      const [gone, kept] = await schedule(store, {}, {});
      await store.deleteJobs({ id: gone! });
      for (const id of [gone!, kept! + 1, 0, -1])
        await expect(
          store.insertJobs([newJob({ dependencies: [id] })]),
        ).rejects.toMatchObject({ name: "JobNotFoundError", id });
      expect(await store.countJobs({})).toBe(1);
    });
  });

  describe("a dependency that fails", () => {
    test("fails all that hang on it at once, each naming the direct one", async () => {
      const store = await hosts.open();
      const top = await scheduleOne(store);
      const middle = await scheduleOne(store, { dependencies: [top] });
      const bottom = await scheduleOne(store, { dependencies: [middle] });
      const unrelated = await scheduleOne(store);
      const held = await claim(store, await worker(store));
      const { outcome, failed } = await store.failJob({ ...held, ...failure });
      expect(outcome).toBe("ok");
      expect(failed.sort(upward)).toEqual([middle, bottom]);
      expect(await job(store, middle)).toMatchObject(dependencyFailure(top));
      expect(await job(store, bottom)).toMatchObject(dependencyFailure(middle));
      expect(await states(store, [unrelated])).toEqual(["NEW"]);
    });

    test("fails each of a diamond once, and one that waits for others, too", async () => {
      const store = await hosts.open();
      const [top, other] = await schedule(store, {}, {});
      const middle = await schedule(
        store,
        { dependencies: [top!] },
        { dependencies: [other!, top!] },
      );
      const bottom = await scheduleOne(store, { dependencies: middle });
      const by = await worker(store);
      const held = [await claim(store, by), await claim(store, by)];
      const { failed } = await store.failJob({ ...held[0]!, ...failure });
      expect(failed.sort(upward)).toEqual([...middle, bottom]);
      // What the other would have released stays as it ended.
      expect(await finish(store, held[1]!)).toBe("ok");
      expect(await states(store, [...middle, bottom])).toEqual(
        Array(3).fill("ERROR"),
      );
      expect(await claimSome(store, by, 9, undefined)).toEqual([]);
    });

    test("that had failed before ends the job as it is stored", async () => {
      const store = await hosts.open(() => 7_777);
      const [ok, bad] = [await finished(store), await failed(store)];
      const first = await store.insertJobs([
        newJob({ dependencies: [ok, bad] }),
      ]);
      const direct = first.ids[0]!;
      expect(first.ended).toEqual([direct]);
      expect(await job(store, direct)).toMatchObject({
        ...dependencyFailure(bad),
        timeStop: 7_777,
      });
      const second = await store.insertJobs([
        newJob({ dependencies: [direct] }),
        newJob(),
      ]);
      const behind = second.ids[0]!;
      expect(second.ended).toEqual([behind]);
      expect(await job(store, behind)).toMatchObject(dependencyFailure(direct));
    });

    test("by being cancelled does the same", async () => {
      const store = await hosts.open();
      const top = await scheduleOne(store);
      const middle = await scheduleOne(store, { dependencies: [top] });
      const bottom = await scheduleOne(store, { dependencies: [middle] });
      const { failed } = await store.cancelJob(middle);
      expect(failed).toEqual([bottom]);
      expect(await states(store, [top, middle, bottom])).toEqual([
        "NEW",
        "ERROR",
        "ERROR",
      ]);
      expect(await job(store, bottom)).toMatchObject(dependencyFailure(middle));
    });

    test("by being deleted does the same, even when it had been OK", async () => {
      const store = await hosts.open();
      const ok = await finished(store);
      const waiting = await scheduleOne(store);
      const direct = await schedule(
        store,
        { dependencies: [ok] },
        { dependencies: [waiting] },
      );
      const bottom = await scheduleOne(store, { dependencies: [direct[1]!] });
      const { deleted, failed } = await store.deleteJobs({
        id: [ok, waiting],
      });
      expect(deleted.sort(upward)).toEqual([ok, waiting]);
      expect(failed.sort(upward)).toEqual([...direct, bottom]);
      expect(await job(store, direct[0]!)).toMatchObject(dependencyFailure(ok));
      expect(await job(store, bottom)).toMatchObject(
        dependencyFailure(direct[1]!),
      );
    });

    test("fails a thousand jobs behind it as well as one", async () => {
      const store = await hosts.open();
      const top = await scheduleOne(store);
      let behind = [top];
      for (let depth = 0; depth < 100; depth += 1)
        behind = await schedule(
          store,
          ...Array.from({ length: 10 }, () => ({ dependencies: behind })),
        );
      expect((await store.cancelJob(top)).failed).toHaveLength(1_000);
      expect(await store.countJobs({ state: "NEW" })).toBe(0);
    });
  });
}

const upward = (a: number, b: number): number => a - b;

function dependencyFailure(id: number): object {
  return {
    state: "ERROR",
    errorCat: "HALTED",
    timeStart: 0,
    error: { name: "DependencyError", dependencyFailure: id },
  };
}

/** Runs what can run, round by round, until nothing can; gives the ids of each round. */
async function rounds(store: Store): Promise<number[][]> {
  const by = await worker(store);
  const taken: number[][] = [];
  for (;;) {
    const jobs = await claimSome(store, by, 100, undefined);
    if (jobs.length === 0) return taken;
    taken.push(jobs.map(({ id }) => id));
    for (const { id, attempt } of jobs)
      await finish(store, { id, worker: by.nr, attempt });
  }
}
