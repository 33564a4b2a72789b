import type { RestoredAction } from "../actions/restore.js";
import { toJson } from "../actions/values.js";
import { monotonic, now } from "../clock.js";
import type { End, JobMessage } from "../transport/messages.js";
import type { JobContext } from "./context.js";
import { toJobError } from "./failure.js";

/** Runs one job. At once, where the action is synchronous: a promise for each would cost more than the job. */
export function execute(
  { id, attempt, kwargs }: JobMessage,
  action: RestoredAction,
  context: JobContext,
  resultLimit: number,
): End | Promise<End> {
  const timeStart = now();
  const begun = monotonic();
  const end = (outcome: Pick<End, "result" | "error">): End => ({
    type: "end",
    id,
    attempt,
    timeStart,
    // To the microsecond: more digits only make the message longer.
    took: Math.round((monotonic() - begun) * 1_000) / 1_000,
    ...outcome,
  });
  const succeed = (value: unknown): End =>
    end({ result: toJson(value, "result", resultLimit) });
  const fail = (thrown: unknown): End =>
    end({ error: toJobError(thrown, action) });
  try {
    const value = action.call(JSON.parse(kwargs), context);
    if (!isThenable(value)) return succeed(value);
    return Promise.resolve(value).then(succeed).catch(fail);
  } catch (thrown) {
    return fail(thrown);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null)?.then === "function";
}
