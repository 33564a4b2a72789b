import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { Rounds } from "../src/rounds.js";
import { until } from "./support/until.js";

describe("rounds", () => {
  let begun: number;
  let end: (cause?: Error) => void;
  let rounds: Rounds<number>;

  beforeEach(() => {
    begun = 0;
    rounds = new Rounds(() => {
      const nr = (begun += 1);
      return new Promise((resolve, reject) => {
        end = (cause) => {
          if (cause === undefined) resolve(nr);
          else reject(cause);
        };
      });
    });
  });

  afterEach(async () => {
    const stopped = rounds.stop();
    while (rounds.busy) {
      end();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await stopped;
  });

  test("begin at once where none is under way, and else after that one, one for all who ask meanwhile", async () => {
    const first = rounds.again();
    expect(begun).toBe(1);
    const others = [rounds.again(), rounds.again()];
    end();
    expect(await first).toBe(1);
    await until("the next has begun", () => begun === 2);
    const last = rounds.again();
    end();
    expect(await Promise.all(others)).toEqual([2, 2]);
    await until("the last has begun", () => begun === 3);
    end();
    expect(await last).toBe(3);
    expect(rounds.busy).toBe(false);
  });

  test("go on after one that has failed, which fails for those who asked for it alone", async () => {
    const first = rounds.again();
    const second = rounds.again();
    end(new Error("a fault"));
    await expect(first).rejects.toThrow("a fault");
    await until("the next has begun", () => begun === 2);
    end();
    expect(await second).toBe(2);
  });

  test("are settled when none is under way, nor waited for", async () => {
    const asked = [rounds.again(), rounds.again()];
    let isSettled = false as boolean;
    const settled = rounds.settled().then(() => (isSettled = true));
    end();
    await asked[0];
    await until("the next has begun", () => begun === 2);
    expect(isSettled).toBe(false);
    end();
    await settled;
    expect(await asked[1]).toBe(2);
  });

  test("are repeated, never two at once, until they are stopped; and their failures are told", async () => {
    const told: unknown[] = [];
    rounds.repeat(1, (cause) => told.push(cause));
    await until("one has begun", () => begun === 1);
    const beside = rounds.again();
    end(new Error("a fault"));
    await until("another has begun", () => begun === 2);
    end();
    expect(await beside).toBe(2);
    expect(told).toEqual([new Error("a fault")]);
    await until("a third has begun", () => begun === 3);
    const stopped = rounds.stop();
    end();
    await stopped;
    expect(begun).toBe(3);
  });
});
