import type { JobError } from "../models/job.js";
import type { ChildMessage } from "./messages.js";

/** The latest that a Date can name, in epoch milliseconds. */
const latest = 8_640_000_000_000_000;
/** Milliseconds, almost three hundred years. */
const longest = 9_000_000_000_000;

/** Whether it is what a child tells: a job may write on the same way. */
export function isChildMessage(value: unknown): value is ChildMessage {
  if (typeof value !== "object" || value === null) return false;
  const message = value as Fields;
  switch (message.type) {
    case "ready":
    case "pong":
      return true;
    case "skipped":
      return isCount(message.id) && isCount(message.mark);
    case "fault":
      return isAttempt(message) && isError(message.error);
    case "end":
      return isAttempt(message) && isTime(message) && isOutcome(message);
    default:
      return false;
  }
}

type Fields = Record<string, unknown>;

function isAttempt({ id, attempt }: Fields): boolean {
  return isCount(id) && isCount(attempt);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether the store can tell when it began and ended. */
function isTime({ timeStart, took }: Fields): boolean {
  const begins =
    Number.isSafeInteger(timeStart) && Math.abs(timeStart as number) <= latest;
  return begins && typeof took === "number" && took >= 0 && took <= longest;
}

function isOutcome({ result, error, rss }: Fields): boolean {
  const isKnown = rss === undefined || typeof rss === "number";
  const isText = typeof result === "string" && result !== "";
  return isKnown && (error === undefined ? isText : isError(error));
}

function isError(value: unknown): boolean {
  const { name, message, stack } = (value ?? {}) as Partial<JobError>;
  return [name, message, stack].every((text) => typeof text === "string");
}
