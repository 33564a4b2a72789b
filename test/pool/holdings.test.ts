import { describe, expect, jest, test } from "@jest/globals";

import type * as Clock from "../../src/clock.js";
import { monotonic } from "../../src/clock.js";
import type { CheckedAction } from "../../src/models/action.js";
import { Holdings } from "../../src/pool/holdings.js";
import { cancelled, type Outcome } from "../../src/pool/outcome.js";
import type { End } from "../../src/transport/messages.js";
import { claimedJob, Notes } from "../support/notes.js";
import { until } from "../support/until.js";

interface Settled {
  id: number;
  outcome: Outcome;
  took: number | undefined;
}

function ground(
  timeout = 0,
  concurrency = 1,
  killGrace = 5,
): {
  vessel: Notes;
  holdings: Holdings;
  settled: Settled[];
  /** How many had been settled when the vessel was spared. */
  spared: number[];
} {
  const vessel = new Notes();
  const settled: Settled[] = [];
  const spared: number[] = [];
  const options = { timeout, killGrace, concurrency, debug: false };
  const holdings = new Holdings(vessel, options, {
    settled: ({ id }, outcome, took) => settled.push({ id, outcome, took }),
    terminating: () => undefined,
    spared: () => spared.push(settled.length),
  });
  return { vessel, holdings, settled, spared };
}

const end: End = {
  ...{ type: "end", id: 1, attempt: 1, result: "5" },
  ...{ timeStart: 1, took: 1 },
};
const gone = { exitCode: null, signal: "SIGKILL", output: "" };

describe("what a worker holds", () => {
  test("is known in its order, whatever was taken out of it", () => {
    const { vessel, holdings, settled } = ground();
    holdings.add([1, 2, 3, 4].map(claimedJob), []);
    expect(holdings.head?.job.id).toBe(1);
    expect(holdings.stop(2, cancelled())).toBe(true);
    holdings.ended({ ...end, id: 1 });
    expect(holdings.head?.job.id).toBe(3);
    expect(holdings.stop(4, cancelled())).toBe(true);
    holdings.ended({ ...end, id: 3 });
    expect(holdings).toMatchObject({ size: 0, head: undefined });
    holdings.add([claimedJob(2)], []);
    expect(holdings).toMatchObject({ size: 1, head: { job: { id: 2 } } });
    expect(settled.map(({ id }) => id)).toEqual([2, 1, 4, 3]);
    vessel.marks.close();
  });

  test("a job that was stopped counts with the time that it ran, not as an instant one", async () => {
    const { vessel, holdings, settled } = ground(30);
    holdings.add([claimedJob(1)], []);
    vessel.marks.start(vessel.sent[0]!.mark);
    await until("it is killed at its limit", () =>
      vessel.signals.includes("SIGKILL"),
    );
    holdings.lost(gone, undefined);
    expect(settled).toMatchObject([
      { id: 1, outcome: { kind: "failed", errorCat: "TIMEOUT" } },
    ]);
    expect(settled[0]!.took).toBeGreaterThanOrEqual(30);
    vessel.marks.close();
  });

  test("the first is not slow when the next has begun: its end is only not heard of yet", async () => {
    const { vessel, holdings } = ground();
    holdings.add([claimedJob(1), claimedJob(2)], []);
    vessel.marks.start(vessel.sent[0]!.mark);
    await until("it has run for a while", () => holdings.headFor > 5);
    vessel.marks.start(vessel.sent[1]!.mark);
    expect(holdings.headFor).toBe(0);
    vessel.marks.close();
  });

  test("a job that waits in its process behind one that never yields is not late: its time has not begun", async () => {
    const { vessel, holdings, settled } = ground(60, 2);
    holdings.add([{ ...claimedJob(1), timeout: 200 }, claimedJob(2)], []);
    vessel.marks.start(vessel.sent[0]!.mark);
    await until("one is killed at its limit", () =>
      vessel.signals.includes("SIGKILL"),
    );
    holdings.lost(gone, undefined);
    expect(settled).toMatchObject([
      { id: 1, outcome: { kind: "failed", errorCat: "TIMEOUT" } },
      { id: 2, outcome: { kind: "released" } },
    ]);
    vessel.marks.close();
  });

  test("a job to which its process does not come is not late", async () => {
    const { vessel, holdings, settled } = ground(5);
    holdings.add([claimedJob(1)], []);
    const begun = holdings.head!.timedSince;
    await until("its time has begun anew", () => {
      const { timedSince } = holdings.head!;
      return timedSince > begun;
    });
    expect(holdings.untouched).toBe(true);
    vessel.marks.start(vessel.sent[0]!.mark);
    expect(holdings.untouched).toBe(false);
    await until("it is late then", () => vessel.signals.includes("SIGTERM"));
    holdings.lost(gone, undefined);
    expect(settled).toMatchObject([{ outcome: { errorCat: "TIMEOUT" } }]);
    vessel.marks.close();
  });

  test("a job that has begun late has its whole time: that begins anew long before its limit", async () => {
    const { vessel, holdings } = ground(3_600_000);
    holdings.add([claimedJob(1)], []);
    const { timedSince } = holdings.head!;
    await until("its time has begun anew", () => {
      const head = holdings.head!;
      return head.timedSince > timedSince;
    });
    const anew = holdings.head!.timedSince;
    vessel.marks.start(vessel.sent[0]!.mark);
    await until("it is seen to have begun", () => holdings.head!.reached);
    expect(holdings.head!.timedSince).toBe(anew);
    holdings.lost(gone, "requeued");
    vessel.marks.close();
  });

  test("a process may take its time to read what is large", async () => {
    const { vessel, holdings } = ground();
    holdings.add([claimedJob(1)], []);
    await until("it has had the time", () => holdings.untouched);
    const kwargs = "x".repeat(100_000_000);
    holdings.add([{ ...claimedJob(2), kwargs }], []);
    expect(holdings.untouched).toBe(false);
    holdings.lost(gone, "requeued");
    vessel.marks.close();
  });

  test("an end in time that is heard of only after the limit counts, as long as its process has only been asked to end it", async () => {
    const { vessel, holdings, settled, spared } = ground(30, 1, 60_000);
    holdings.add([claimedJob(1)], []);
    vessel.marks.start(vessel.sent[0]!.mark);
    await until("it is given up", () => holdings.head!.verdict !== undefined);
    expect(holdings.ended({ ...end, took: 31 })).toBe(false);
    expect(vessel.signals).toEqual(["SIGTERM"]);
    expect(holdings.ended({ ...end, took: 29 })).toBe(false);
    holdings.lost(gone, undefined);
    holdings.add([claimedJob(1)], []);
    vessel.marks.start(vessel.sent[1]!.mark);
    await until("it is given up", () => holdings.head!.verdict !== undefined);
    expect(holdings.ended({ ...end, took: 29 })).toBe(true);
    expect(settled.at(-1)).toMatchObject({ outcome: { kind: "ok" } });
    // Before, so that the worker does not take the end of its process for a crash.
    expect(spared).toEqual([1]);
    vessel.marks.close();
  });

  test("a limit that is looked at too late, for this process stood still, leaves a moment to read what has come meanwhile", async () => {
    const { vessel, holdings, settled } = ground(20);
    holdings.add([claimedJob(1)], []);
    vessel.marks.start(vessel.sent[0]!.mark);
    const { deadline } = holdings.head!;
    while (monotonic() < deadline + 150);
    await until("it was looked at", () => holdings.head!.spared);
    expect(holdings.head!.verdict).toBeUndefined();
    expect(holdings.ended(end)).toBe(true);
    expect(settled).toMatchObject([{ outcome: { kind: "ok" } }]);
    holdings.add([claimedJob(1)], []);
    vessel.marks.start(vessel.sent[1]!.mark);
    const next = holdings.head!;
    while (monotonic() < next.deadline + 150);
    await until("it was looked at", () => next.spared);
    await until("it is late in the end", () => next.verdict !== undefined);
    holdings.lost(gone, undefined);
    vessel.marks.close();
  });

  test("an error that comes after the whole group has been told to end, for another job, is not its own", async () => {
    const { vessel, holdings, settled } = ground(80, 4, 60_000);
    const aborted: number[] = [];
    const send = vessel.send.bind(vessel);
    vessel.send = (message) => {
      if (message.type === "abort") aborted.push(message.id);
      send(message);
    };
    holdings.add([1, 2, 3, 4].map(claimedJob), []);
    for (const { mark } of vessel.sent) vessel.marks.start(mark);
    holdings.stop(1, cancelled());
    const error = { name: "Error", message: "Command failed", stack: "" };
    const { result: _, ...failed } = { ...end, error };
    holdings.ended({ ...failed, id: 3 });
    holdings.ended({ ...end, id: 1 });
    expect(vessel.signals).toEqual(["SIGTERM"]);
    expect(holdings.ended({ ...failed, id: 2 })).toBe(false);
    await until("its limit has passed, as that of another", () =>
      aborted.includes(4),
    );
    holdings.lost(gone, undefined);
    expect(settled).toMatchObject([
      { id: 3, outcome: { kind: "failed", errorCat: "ERROR" } },
      { id: 1, outcome: { kind: "failed", errorCat: "HALTED" } },
      { id: 2, outcome: { kind: "released", started: true } },
      { id: 4, outcome: { kind: "failed", errorCat: "TIMEOUT" } },
    ]);
    vessel.marks.close();
  });

  test("a job that never started counts with no time at all", () => {
    const { vessel, holdings, settled } = ground();
    holdings.add([claimedJob(1), claimedJob(2)], []);
    expect(holdings.stop(2, cancelled())).toBe(true);
    expect(settled).toMatchObject([
      { id: 2, took: undefined, outcome: { errorCat: "HALTED" } },
    ]);
    holdings.lost(gone, "requeued");
    expect(settled[1]).toMatchObject({
      id: 1,
      outcome: { kind: "released", started: true },
    });
    vessel.marks.close();
  });

  test("a skip is of the sending that it names, not of the same attempt given again", () => {
    const { vessel, holdings, settled } = ground();
    holdings.add([claimedJob(1), claimedJob(2)], []);
    const first = vessel.sent[1]!.mark;
    holdings.revoke();
    holdings.add([claimedJob(2)], []);
    // The child passes the first sending only now.
    expect(vessel.marks.start(first)).toBe(false);
    holdings.skipped(2, first);
    expect(settled).toMatchObject([{ id: 2, outcome: { kind: "released" } }]);
    expect(holdings.size).toBe(2);
    expect(vessel.marks.start(vessel.sent[2]!.mark)).toBe(true);
    holdings.lost(gone, "requeued");
    vessel.marks.close();
  });

  test("a job that is stopped just as its process passes it has not begun; then that process need not be ended by force", () => {
    const { vessel, holdings, settled, spared } = ground();
    holdings.add([claimedJob(1), claimedJob(2)], []);
    const { mark } = vessel.sent[1]!;
    // Both see each other's mark, and yield.
    vessel.marks.start(mark);
    expect(holdings.stop(2, cancelled())).toBe(true);
    holdings.skipped(2, mark);
    expect(settled.at(-1)).toMatchObject({
      id: 2,
      outcome: { kind: "failed", errorCat: "HALTED" },
    });
    // Before, so that the worker does not take the end of its process for a crash.
    expect(spared).toEqual([settled.length - 1]);
    expect(vessel.signals).toEqual([]);
    vessel.marks.close();
  });

  test("a job that was sent to a process which was just dying runs again; but not for ever", () => {
    const { vessel, holdings, settled } = ground();
    holdings.add([claimedJob(1)], []);
    holdings.lost(gone, undefined);
    const released = { kind: "released", started: true };
    expect(settled).toMatchObject([{ id: 1, outcome: released }]);
    holdings.add([{ ...claimedJob(1), attempt: 4 }], []);
    holdings.lost(gone, undefined);
    holdings.add([claimedJob(2)], []);
    vessel.marks.start(vessel.sent.at(-1)!.mark);
    holdings.lost(gone, undefined);
    const crashed = { kind: "failed", errorCat: "CRASH" };
    expect(settled.slice(1)).toMatchObject([
      { id: 1, outcome: crashed },
      { id: 2, outcome: crashed },
    ]);
    vessel.marks.close();
  });

  test("a job that is too large to be sent ends at once, and says so; what comes after it is as before", () => {
    const { vessel, holdings, settled } = ground();
    const send = vessel.send.bind(vessel);
    vessel.send = () => {
      throw new RangeError("Invalid string length");
    };
    const action = { id: 7 } as CheckedAction;
    holdings.add([{ ...claimedJob(1), results: ["x".repeat(98)] }], [action]);
    expect(settled).toMatchObject([
      {
        outcome: {
          errorCat: "ERROR",
          error: {
            message:
              "its arguments and the results it depends on have 100 characters, which cannot be sent to a process: Invalid string length",
          },
        },
      },
    ]);
    expect(holdings).toMatchObject({ size: 0, bulk: 0 });
    let known: readonly CheckedAction[] = [];
    vessel.send = (message) => {
      if (message.type === "jobs") known = message.actions;
      send(message);
    };
    holdings.add([claimedJob(2)], [action]);
    expect(known).toEqual([action]);
    expect(holdings).toMatchObject({ size: 1, bulk: 2 });
    holdings.lost(gone, "requeued");
    vessel.marks.close();
  });

  test("a late answer only hastens the end, and changes nothing of it", () => {
    const { vessel, holdings, settled } = ground();
    holdings.add([claimedJob(1)], []);
    holdings.stop(1, cancelled());
    expect(vessel.signals).toEqual([]);
    expect(holdings.ended(end)).toBe(false);
    expect(vessel.signals).toEqual(["SIGTERM"]);
    holdings.lost({ ...gone, signal: "SIGTERM" }, undefined);
    expect(settled).toMatchObject([
      { outcome: { kind: "failed", errorCat: "HALTED" } },
    ]);
    vessel.marks.close();
  });

  test("an end of an attempt that was given up is not that of the attempt that runs now", () => {
    const { vessel, holdings, settled } = ground();
    holdings.add([{ ...claimedJob(1), attempt: 2 }], []);
    expect(holdings.ended({ ...end, attempt: 1 })).toBe(false);
    expect(settled).toEqual([]);
    expect(holdings.size).toBe(1);
    expect(holdings.ended({ ...end, attempt: 2, result: "6" })).toBe(true);
    expect(settled).toMatchObject([{ outcome: { kind: "ok", result: "6" } }]);
    vessel.marks.close();
  });

  test("leaves no timer of a limit behind when all of it is lost", async () => {
    const timers = new Set<unknown>();
    jest.resetModules();
    jest.doMock("../../src/clock.js", () => {
      const clock = jest.requireActual<typeof Clock>("../../src/clock.js");
      const setTimeout = (callback: () => void, ms: number) => {
        const timer = clock.setTimeout(callback, ms);
        timers.add(timer);
        return timer;
      };
      const clearTimeout = (timer: NodeJS.Timeout | undefined) => {
        timers.delete(timer);
        clock.clearTimeout(timer);
      };
      return { ...clock, setTimeout, clearTimeout };
    });
    const { Holdings } = await import("../../src/pool/holdings.js");
    jest.dontMock("../../src/clock.js");
    const vessel = new Notes();
    const holdings = new Holdings(
      vessel,
      { timeout: 60_000, killGrace: 5, concurrency: 1, debug: false },
      {
        settled: () => undefined,
        terminating: () => undefined,
        spared: () => undefined,
      },
    );
    holdings.add([1, 2, 3].map(claimedJob), []);
    expect(timers.size).toBe(1);
    holdings.lost(gone, undefined);
    expect(timers.size).toBe(0);
    vessel.marks.close();
  });
});
