import { expect, test } from "@jest/globals";

import { Dismissal } from "../../src/pool/dismissal.js";

type Step = (dismissal: Dismissal) => void;

const relieve: Step = (dismissal) => dismissal.relieve();
const replace: Step = (dismissal) => dismissal.replace();
const halt: Step = (dismissal) => dismissal.halt();
const kill: Step = (dismissal) => dismissal.kill(false);

test.each<[string, Step[]]>([
  ["is halted", [halt]],
  ["is killed", [kill]],
  ["is halted while it makes room for a fresh one", [relieve, halt]],
  ["is halted while it is being replaced", [replace, halt]],
  ["is killed while it makes room for a fresh one", [relieve, kill]],
  ["was halted, and would then have made room", [halt, relieve]],
  ["was halted, and is then given up", [halt, replace]],
])("A worker that %s is unwanted: none follows on it", (_, steps) => {
  const dismissal = new Dismissal();
  for (const step of steps) step(dismissal);
  expect(dismissal.unwanted).toBe(true);
});

test.each<[string, Step[]]>([
  ["is let alone", []],
  ["makes room for a fresh one", [relieve]],
  ["is replaced", [replace]],
  ["is replaced while it makes room", [relieve, replace]],
])("A worker that %s is not unwanted", (_, steps) => {
  const dismissal = new Dismissal();
  for (const step of steps) step(dismissal);
  expect(dismissal.unwanted).toBe(false);
});

test("A worker that is halted while it is ended by force gets no time to finish what it runs", () => {
  const dismissal = new Dismissal();
  dismissal.kill(true);
  dismissal.halt();
  expect(dismissal.manner).toBe("requeued");
});
