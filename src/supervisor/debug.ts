import type { ClaimedJob } from "../models/job.js";
import type { Outcome } from "../pool/outcome.js";
import type { PoolWorker } from "../pool/worker.js";

/** What a worker that debugs shows on the console: the only output of this package, and asked for. */
export function showStart(worker: PoolWorker, job: ClaimedJob): void {
  if (worker.settings.debug) print(worker, job, `start ${job.kwargs}`);
}

export function showEnd(
  worker: PoolWorker,
  job: ClaimedJob,
  outcome: Outcome,
  took: number | undefined,
): void {
  if (!worker.settings.debug) return;
  const time = took === undefined ? "unstarted" : `in ${took.toFixed(1)} ms`;
  if (outcome.kind === "ok") {
    print(worker, job, `OK ${time}: ${outcome.end.result}`);
  } else if (outcome.kind === "released") print(worker, job, "given back");
  else
    print(worker, job, `${outcome.errorCat} ${time}: ${outcome.error.stack}`);
}

function print(
  { nr }: PoolWorker,
  { id, name }: ClaimedJob,
  what: string,
): void {
  const shown = name === `j${String(id)}` ? "" : ` (${name})`;
  const line = `w${String(nr)} job ${String(id)}${shown} ${what}`;
  console.log(line.length > 2_000 ? `${line.slice(0, 2_000)}...` : line);
}
