import type { ClaimedJob } from "../models/job.js";
import { workerName } from "../models/worker.js";
import type { Outcome } from "../pool/outcome.js";
import type { PoolWorker } from "../pool/worker.js";
import { printLine } from "../print.js";

/** What a watched worker prints of an end that the job itself did not bring about; the others it prints where they happen. */
export function printStop(
  { settings, nr }: PoolWorker,
  job: ClaimedJob,
  outcome: Outcome,
): void {
  if (!settings.watched) return;
  const worker = workerName(nr);
  if (outcome.kind === "released") {
    if (outcome.started) printLine(worker, job, "given back");
  } else if (outcome.kind === "failed" && outcome.errorCat !== "ERROR") {
    const { errorCat, error } = outcome;
    printLine(worker, job, `${errorCat}: ${error.message}`);
  }
}
