import { describe, expect, test } from "@jest/globals";

import { Inflow } from "../../src/pool/inflow.js";

describe("the inflow", () => {
  test("is nothing before a look", () => {
    expect(new Inflow().rate(0, 100)).toBe(0);
  });

  test("is what came within the window, and not what came before", () => {
    const inflow = new Inflow();
    for (let at = 0; at <= 1_000; at += 10)
      inflow.look(at, at < 500 ? 5 * at : 2_500 + (at - 500) / 2, 100);
    expect(inflow.rate(1_000, 100)).toBeCloseTo(0.5);
  });

  test("takes what comes after a long silence for new", () => {
    const inflow = new Inflow();
    inflow.look(0, 7, 100);
    inflow.look(60_000, 207, 100);
    expect(inflow.rate(60_000, 100)).toBeCloseTo(2);
    expect(inflow.rate(60_200, 100)).toBe(0);
  });

  test("takes what waits at the first look for new", () => {
    const inflow = new Inflow();
    inflow.look(60_000, 50, 100);
    expect(inflow.rate(60_000, 100)).toBeCloseTo(0.5);
  });

  test("is never negative, whatever the count was wrong by", () => {
    const inflow = new Inflow();
    inflow.look(0, 10, 100);
    inflow.look(200, 5, 100);
    expect(inflow.rate(200, 100)).toBe(0);
  });

  test("is due for a look now and then", () => {
    const inflow = new Inflow();
    expect(inflow.isDue(0, 100)).toBe(true);
    inflow.look(0, 0, 100);
    expect(inflow.isDue(1, 100)).toBe(false);
    expect(inflow.isDue(2, 100)).toBe(true);
  });
});
