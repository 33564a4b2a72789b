import type { Assignment } from "./assignment.js";
import type { Manner } from "./dismissal.js";
import { crashed, killed, type Verdict, withEnd } from "./outcome.js";
import type { Gone } from "./vessel.js";

/** A job that is sent to a process which is just dying did not kill it; one to which that happens so often may well have. */
const suspicious = 4;

/** What becomes of a job whose process is gone. */
export interface Loss {
  assignment: Assignment;
  /** Why it fails; without one it runs again. */
  verdict?: Verdict;
  /** Whether its start counts as an attempt. */
  counts: boolean;
}

export interface Circumstances {
  gone: Gone;
  manner: Manner | undefined;
  concurrency: number;
  hasStarted: (assignment: Assignment) => boolean;
}

/** What becomes of all that a process held, in the order in which it ran them. */
export function losses(
  held: readonly Assignment[],
  { gone, manner, concurrency, hasStarted }: Circumstances,
): Loss[] {
  const guilty = guiltyOf(held, gone, concurrency);
  return held.map((assignment) => {
    const { verdict, job, ahead } = assignment;
    const fails = (why: Verdict): Loss => ({
      assignment,
      verdict: withEnd(why, gone),
      counts: true,
    });
    const again = (counts: boolean): Loss => ({ assignment, counts });
    if (verdict !== undefined) return fails(verdict);
    const started = hasStarted(assignment);
    if (!started && ahead) return again(false);
    if (manner === "killed") return fails(killed());
    const isInnocent = guilty !== undefined && guilty !== job.id;
    if (manner === "requeued" || isInnocent) return again(true);
    if (!started && job.attempt < suspicious) return again(true);
    return fails(crashed(gone));
  });
}

/** Who is known to have caused it, so that the others do not pay. */
function guiltyOf(
  held: readonly Assignment[],
  { fault }: Gone,
  concurrency: number,
): number | undefined {
  if (fault !== undefined && fault.id !== 0) return fault.id;
  const stopped = held.find(({ verdict }) => verdict !== undefined);
  if (stopped !== undefined || concurrency > 1) return stopped?.job.id;
  // One at a time, and each end is told before the next one starts: the first had not ended.
  return held[0]?.job.id;
}
