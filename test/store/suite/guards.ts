import { describe, expect, test } from "@jest/globals";

import {
  allowedMoves,
  type JobState,
  jobStates,
} from "../../../src/models/job.js";
import type { Attempt, Claimant, Store } from "../../../src/store/store.js";
import {
  claim,
  claimSome,
  failure,
  finish,
  type Hosts,
  job,
  scheduleOne,
  worker,
} from "./ground.js";

export function guardSuite(hosts: Hosts): void {
  describe("a job moves only as the model allows:", () => {
    test.each(jobStates)("from %s, whatever is asked for", async (from) => {
      const store = await hosts.open();
      const by = await worker(store);
      const asks: Record<string, (held: Attempt) => Promise<unknown>> = {
        claim: () => claimSome(store, by, 1, undefined),
        finish: (held) => finish(store, held),
        fail: (held) => store.failJob({ ...held, ...failure }),
        release: (held) => store.releaseJobs([{ ...held, started: true }]),
        cancel: ({ id }) => store.cancelJob(id),
        collect: ({ id }) => store.collectJob(id),
      };
      const moves = new Set<JobState>();
      for (const ask of Object.values(asks)) {
        const held = await brought(store, by, from);
        await ask(held);
        const { state } = await job(store, held.id);
        if (state !== from) moves.add(state);
        await store.deleteJobs({ id: held.id });
        await finish(store, held);
      }
      // What retry() will do is not there yet.
      const allowed = allowedMoves[from];
      expect([...moves].sort()).toEqual([...allowed].sort());
    });
  });

  describe("only the attempt that holds a job ends it:", () => {
    test("one that was given back, and taken again, is refused", async () => {
      const store = await hosts.open();
      await scheduleOne(store);
      const by = await worker(store);
      const first = await claim(store, by);
      await store.releaseJobs([{ ...first, started: true }]);
      await refused(store, first);
      const second = await claim(store, by);
      expect(second.attempt).toBe(2);
      await refused(store, first);
      expect(await finish(store, second)).toBe("ok");
    });

    test("another worker is refused", async () => {
      const store = await hosts.open();
      await scheduleOne(store);
      const [one, two] = [await worker(store), await worker(store)];
      const held = await claim(store, one);
      await refused(store, { ...held, worker: two.nr });
      expect(await finish(store, held)).toBe("ok");
    });

    test("an attempt that is not yet, or was never, is refused", async () => {
      const store = await hosts.open();
      const waiting = await scheduleOne(store);
      const { nr } = await worker(store);
      await refused(store, { id: waiting, worker: nr, attempt: 0 });
      await refused(store, { id: waiting, worker: nr, attempt: 1 });
      const unknown = { id: 99, worker: nr, attempt: 1 };
      expect(await finish(store, unknown)).toBe("stale");
    });

    test("a second end is refused, whichever came first", async () => {
      const store = await hosts.open();
      const by = await worker(store);
      await scheduleOne(store);
      const ok = await claim(store, by);
      await finish(store, ok, '"first"');
      await refused(store, ok);
      await store.collectJob(ok.id);
      await refused(store, ok);
      await scheduleOne(store);
      const bad = await claim(store, by);
      await store.failJob({ ...bad, ...failure });
      await refused(store, bad);
    });

    test("of two ends in one turn, one is accepted", async () => {
      const store = await hosts.open();
      await scheduleOne(store);
      const held = await claim(store, await worker(store));
      const [one, two] = await Promise.all([
        finish(store, held, '"mine"'),
        store.failJob({ ...held, ...failure }),
      ]);
      expect([one, two.outcome]).toEqual(["ok", "stale"]);
      expect(await job(store, held.id)).toMatchObject({
        state: "OK",
        result: '"mine"',
        error: null,
      });
    });
  });
}

export function sharedGuardSuite(hosts: Hosts): void {
  describe("only the host that holds a job ends it:", () => {
    test("another one is refused, though it has a worker of that nr", async () => {
      const [mine, other] = [await hosts.open(), await hosts.open()];
      await scheduleOne(mine);
      const by = await worker(mine);
      const held = await claim(mine, by);
      await refused(other, held);
      expect(await finish(mine, held)).toBe("ok");
    });

    test("one that was taken for dead is refused, before and after its job runs again", async () => {
      const [dead, next] = [await hosts.open(), await hosts.open()];
      await scheduleOne(dead);
      const by = await worker(dead);
      const held = await claim(dead, by);
      await hosts.lose(by.host);
      await next.rescue([by.host]);
      await refused(dead, held);
      const heir = await worker(next);
      expect(heir.nr).toBe(by.nr);
      const again = await claim(next, heir);
      await refused(dead, held);
      await refused(dead, again);
      expect(await finish(next, again)).toBe("ok");
    });
  });
}

/** Whatever a stale attempt says changes nothing, neither of the job nor of those that wait for it. */
async function refused(store: Store, held: Attempt): Promise<void> {
  const ended = ["OK", "DONE", "ERROR"];
  const { state } = await job(store, held.id);
  const behind = ended.includes(state)
    ? held.id
    : await scheduleOne(store, { dependencies: [held.id] });
  const read = () => store.getJobs([held.id, behind]);
  const before = await read();
  expect(await finish(store, held, '"late"')).toBe("stale");
  expect(await store.failJob({ ...held, ...failure })).toEqual({
    outcome: "stale",
    failed: [],
  });
  await store.releaseJobs([{ ...held, started: false }]);
  await store.releaseJobs([{ ...held, started: true }]);
  expect(await read()).toEqual(before);
  if (behind !== held.id) await store.deleteJobs({ id: behind });
}

/** A job in a state, and the attempt that brought it there or would hold it. */
async function brought(
  store: Store,
  by: Claimant,
  state: JobState,
): Promise<Attempt> {
  const id = await scheduleOne(store);
  if (state === "NEW") return { id, worker: by.nr, attempt: 1 };
  const held = await claim(store, by);
  if (state === "OK" || state === "DONE") await finish(store, held);
  if (state === "DONE") await store.collectJob(id);
  if (state === "ERROR") await store.failJob({ ...held, ...failure });
  return held;
}
