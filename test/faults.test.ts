import { expect, test } from "@jest/globals";

import { Faults } from "../src/faults.js";
import { until } from "./support/until.js";

test("A fault that all meet at once is told once, others beside it, and it again when it comes later", async () => {
  const told: string[] = [];
  const faults = new Faults(({ message }) => told.push(message));
  for (let nr = 0; nr < 1_000; nr += 1) faults.add(new Error("full"));
  faults.add(new Error("gone"));
  faults.add(new TypeError("full"));
  expect(told).toEqual(["full", "gone", "full"]);
  await until("it is told again", () => {
    faults.add(new Error("gone"));
    return told.length === 4;
  });
});
