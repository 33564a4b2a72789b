import { printLine } from "../print.js";
import type { End, JobMessage } from "../transport/messages.js";

/** What a watched worker prints where the job runs, so that it stands in order with what the job prints itself. */
export function printStart(worker: string, job: JobMessage): void {
  printLine(worker, job, `start ${job.kwargs}`);
}

export function printEnd(
  worker: string,
  job: JobMessage,
  { took, result, error }: End,
): void {
  const time = `in ${took.toFixed(1)} ms`;
  printLine(
    worker,
    job,
    error === undefined
      ? `OK ${time}: ${result ?? "null"}`
      : `ERROR ${time}: ${error.stack}`,
  );
}
