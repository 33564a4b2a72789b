import type { PoolWorker } from "../pool/worker.js";

/** Milliseconds of work that may lie ahead of a worker in its child, so that it never waits for us. */
const aheadTime = 5;
const mostAhead = 1_024;
/** And so many characters of arguments. */
const mostBulk = 2 ** 20;
/** A job that has run so long is slow: what lies behind it in the child may be taken back. */
export const slow = 10;

/**
 * How many more jobs a worker would take now: many ahead while jobs are short, none while it is not
 * known how long they take. `serviceTime` in milliseconds.
 */
export function appetite(
  worker: PoolWorker,
  serviceTime: number | undefined,
): number {
  const { holds, settings } = worker;
  if (!worker.open) return 0;
  if (!worker.ahead) return settings.concurrency - holds;
  if (worker.slowFor > slow || worker.bulk >= mostBulk) return 0;
  const most = Math.floor(aheadTime / (serviceTime ?? Infinity));
  const ahead = Math.min(Math.max(most, 1), mostAhead);
  // Refilled by halves, since each claim has a cost of its own.
  return holds <= ahead / 2 ? ahead - holds : 0;
}
