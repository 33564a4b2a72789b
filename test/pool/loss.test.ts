import { describe, expect, test } from "@jest/globals";

import { plainError } from "../../src/models/job.js";
import { Assignment } from "../../src/pool/assignment.js";
import { type Circumstances, losses } from "../../src/pool/loss.js";
import { cancelled } from "../../src/pool/outcome.js";
import { claimedJob } from "../support/notes.js";

/** Jobs that run beside one another in a process. */
function held(...ids: number[]): Assignment[] {
  return ids.map((id) => new Assignment(claimedJob(id), id, false, 0));
}

/** How each ends when its process, which has come to all of them, is gone; "again" if it does not. */
function ends(
  jobs: readonly Assignment[],
  changes: Partial<Circumstances> = {},
): string[] {
  const circumstances: Circumstances = {
    gone: { exitCode: null, signal: "SIGKILL", output: "" },
    manner: undefined,
    concurrency: 4,
    hasStarted: () => true,
    ...changes,
  };
  return losses(jobs, circumstances).map(
    ({ verdict }) => verdict?.errorCat ?? "again",
  );
}

describe("A process that is gone", () => {
  test("takes all along that ran beside one another in it, since any may be the cause", () => {
    expect(ends(held(1, 2, 3))).toEqual(["CRASH", "CRASH", "CRASH"]);
  });

  test("takes none along that it has not come to", () => {
    const hasStarted = ({ job }: Assignment): boolean => job.id !== 2;
    const all = ends(held(1, 2, 3), { hasStarted });
    expect(all).toEqual(["CRASH", "again", "CRASH"]);
  });

  test("takes only that one along for which it was brought down", () => {
    const jobs = held(1, 2, 3);
    jobs[1]!.judge(cancelled());
    expect(ends(jobs)).toEqual(["again", "HALTED", "again"]);
  });

  test("takes only that one along which it has named as the cause", () => {
    const error = plainError("Error", "thrown by a timer");
    const fault = { id: 3, attempt: 1, error };
    const gone = { exitCode: 1, signal: null, output: "", fault };
    const all = ends(held(1, 2, 3), { gone });
    expect(all).toEqual(["again", "again", "CRASH"]);
  });

  test("takes only the first along where one runs at a time: its end would have been told before the next began", () => {
    const all = ends(held(1, 2), { concurrency: 1 });
    expect(all).toEqual(["CRASH", "again"]);
  });
});
