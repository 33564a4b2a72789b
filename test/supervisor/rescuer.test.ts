import { type ChildProcess, spawn } from "node:child_process";

import { describe, expect, test } from "@jest/globals";

import { lives, type ProcessName, processStart } from "../../src/processes.js";
import type { LostHost, Store } from "../../src/store/store.js";
import { Rescuer, type RescuerPort } from "../../src/supervisor/rescuer.js";
import { endAfterTest } from "../support/instance.js";
import { isAlive } from "../support/until.js";

/** A process that leads a group, as the children of hosts do. */
function leader(): ProcessName & { child: ChildProcess } {
  const child = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
  endAfterTest(child);
  const pid = child.pid!;
  return { pid, pidStart: processStart(pid), child };
}

describe("What lost hosts have left is settled", () => {
  test("once none of their processes lives any more: what they hold could go on beside its next run", async () => {
    const left = [leader(), leader(), leader()];
    expect(left.map(lives)).toEqual([true, true, true]);
    const lost: LostHost[] = [
      { id: 3, processes: left.slice(0, 2) },
      { id: 4, processes: left.slice(2) },
    ];
    const order: unknown[] = [];
    const rescue = { released: [1], failed: [] };
    const store = {
      lostHosts: async () => lost,
      rescue: async (hosts: readonly number[]) => {
        order.push(hosts, left.map(lives));
        return rescue;
      },
    };
    const port: RescuerPort = {
      rescued: (told) => order.push(told),
      failed: () => undefined,
    };
    await new Rescuer(store as unknown as Store, port).settle();
    expect(order).toEqual([[3, 4], [false, false, false], rescue]);
  });

  test("without a signal to whoever has the number of one of their processes by now", async () => {
    const { child, pid } = leader();
    const processes = [
      { pid, pidStart: "at another time" },
      { pid, pidStart: "" },
    ];
    let settled = 0;
    const store = {
      lostHosts: async () => [{ id: 3, processes }],
      rescue: async () => ({ released: [], failed: [] }),
    };
    const port: RescuerPort = {
      rescued: () => (settled += 1),
      failed: () => undefined,
    };
    await new Rescuer(store as unknown as Store, port).settle();
    expect(settled).toBe(1);
    expect(isAlive(pid)).toBe(true);
    expect(child.signalCode).toBeNull();
  });
});
