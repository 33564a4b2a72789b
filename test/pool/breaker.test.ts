import {
  afterEach,
  beforeEach,
  describe,
  expect,
  jest,
  test,
} from "@jest/globals";

import type * as Clock from "../../src/clock.js";
import type { Breaker } from "../../src/pool/breaker.js";

describe("a breaker", () => {
  let breaker: Breaker;
  /** The pauses it has made, in milliseconds. */
  let pauses: number[];
  /** Ends the pause that it makes now. */
  let end: () => void;

  beforeEach(async () => {
    pauses = [];
    jest.resetModules();
    jest.doMock("../../src/clock.js", () => ({
      ...jest.requireActual<typeof Clock>("../../src/clock.js"),
      setTimeout: (callback: () => void, pause: number) => {
        pauses.push(pause);
        end = callback;
        return {};
      },
      clearTimeout: () => {
        end = () => undefined;
      },
    }));
    const module = await import("../../src/pool/breaker.js");
    breaker = new module.Breaker();
  });

  afterEach(() => {
    jest.dontMock("../../src/clock.js");
  });

  test("pauses twice as long after each further failure, up to a longest pause", () => {
    let tries = 0;
    for (let failure = 1; failure <= 20; failure += 1) {
      breaker.trip(() => (tries += 1));
      expect([breaker.open, tries]).toEqual([true, failure - 1]);
      end();
      expect([breaker.open, tries]).toEqual([false, failure]);
    }
    const longest = pauses.at(-1)!;
    const first = pauses[0]!;
    expect(longest).toBeGreaterThan(8 * first);
    expect(pauses.at(-2)).toBe(longest);
    expect(pauses).toEqual(
      pauses.map((_, nr) => Math.min(first * 2 ** nr, longest)),
    );
  });

  test("takes the failures during a pause for the one that began it", () => {
    let tries = 0;
    for (let failure = 1; failure <= 3; failure += 1)
      breaker.trip(() => (tries += 1));
    end();
    expect([pauses.length, tries]).toEqual([1, 1]);
    breaker.trip(() => undefined);
    expect(pauses[1]).toBe(2 * pauses[0]!);
  });

  test("begins anew after a success, and tries no more then", () => {
    let tries = 0;
    for (let failure = 1; failure <= 3; failure += 1) {
      breaker.trip(() => (tries += 1));
      if (failure < 3) end();
    }
    breaker.reset();
    expect(breaker.open).toBe(false);
    end();
    expect(tries).toBe(2);
    breaker.trip(() => undefined);
    expect(pauses[3]).toBe(pauses[0]);
  });
});
