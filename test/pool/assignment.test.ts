import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { Assignment } from "../../src/pool/assignment.js";
import { timedOut } from "../../src/pool/outcome.js";
import { Termination } from "../../src/pool/termination.js";
import type { End } from "../../src/transport/messages.js";
import { claimedJob } from "../support/notes.js";

describe("The end of a job that was given up at its limit", () => {
  let assignment: Assignment;
  let termination: Termination;

  beforeEach(() => {
    assignment = new Assignment(claimedJob(1), 1, false, 1_000);
    assignment.startClock();
    assignment.judge(timedOut(1_000));
    const steps = [() => undefined, () => undefined];
    termination = new Termination(steps, 60_000);
    assignment.termination = termination;
  });

  afterEach(() => {
    termination.end();
  });

  /** It came so many milliseconds before it was given up, after so many of running. */
  const end = (before: number, took: number): End => ({
    ...{ type: "end", id: 1, attempt: 1, result: "5", took },
    timeStart: assignment.judgedAt - before - took,
  });

  test("was in time if it came before, and within the limit", () => {
    expect(assignment.endedInTime(end(10, 999))).toBe(true);
  });

  test("was not in time if it came only afterwards, though within the limit: it may be what the abort has brought about", () => {
    expect(assignment.endedInTime(end(-10, 999))).toBe(false);
  });

  test("was not in time if both may have been in the same millisecond", () => {
    expect(assignment.endedInTime(end(0, 999))).toBe(false);
    expect(assignment.endedInTime(end(1, 999))).toBe(false);
  });

  test("was not in time if it ran longer", () => {
    expect(assignment.endedInTime(end(10, 1_000))).toBe(false);
  });

  test("is not believed once more has been done to it than to ask it to end", () => {
    termination.next();
    expect(assignment.endedInTime(end(10, 999))).toBe(false);
  });
});
