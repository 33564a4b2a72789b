import { getEventListeners } from "node:events";

import { expect, test } from "@jest/globals";

import { Signals } from "../../src/handles/signals.js";

test("Who stops heeding a signal twice takes nothing away from those who heed it since", () => {
  const signals = new Signals();
  const { signal } = new AbortController();
  const listeners = (): number => getEventListeners(signal, "abort").length;
  const first = signals.heed(signal, () => undefined);
  first();
  expect(listeners()).toBe(0);
  const second = signals.heed(signal, () => undefined);
  first();
  const third = signals.heed(signal, () => undefined);
  expect(listeners()).toBe(1);
  second();
  third();
  expect(listeners()).toBe(0);
});
