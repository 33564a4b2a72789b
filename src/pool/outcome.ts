import {
  cancelledError,
  type ErrorCat,
  type JobError,
  plainError,
} from "../models/job.js";
import type { Gone } from "./vessel.js";

/** Why a job is being stopped, which is what its end will be called, whatever it still answers. */
export interface Verdict {
  errorCat: ErrorCat;
  error: JobError;
}

/** What became of a job that a worker was given. */
export type Outcome =
  | { kind: "ok"; result: string; timeStart: number; timeStop: number }
  | {
      kind: "failed";
      errorCat: ErrorCat;
      error: JobError;
      timeStart: number;
      timeStop: number;
    }
  /** It is to run again; `started` = this start counts as an attempt. */
  | { kind: "released"; started: boolean };

export function timedOut(limit: number): Verdict {
  return verdict(
    "TIMEOUT",
    "TimeoutError",
    `it ran longer than its limit of ${String(limit)} ms`,
  );
}

export function cancelled(): Verdict {
  return { errorCat: "HALTED", error: cancelledError };
}

export function killed(): Verdict {
  return verdict("HALTED", "KilledError", "its worker was killed");
}

/** One that cannot be sent to the process that was to run it. */
export function unsendable(size: number, cause: Error): Verdict {
  return verdict(
    "ERROR",
    "ValueError",
    `its arguments and the results it depends on have ${String(size)} characters, which cannot be sent to a process: ${cause.message}`,
  );
}

/** A process that vanished under its job. */
export function crashed(gone: Gone): Verdict {
  const { error } =
    gone.fault ?? verdict("CRASH", "CrashError", `its process ${endOf(gone)}`);
  return { errorCat: "CRASH", error };
}

function endOf({ exitCode, signal }: Gone): string {
  if (signal !== null) return `ended with signal ${signal}`;
  if (exitCode !== null) return `ended with exit code ${String(exitCode)}`;
  return "could not be started";
}

/** What is known of the process's end, added to the error. */
export function withEnd(
  { errorCat, error }: Verdict,
  gone: Gone | undefined,
): Verdict {
  if (gone === undefined) return { errorCat, error };
  const { exitCode, signal, output } = gone;
  return {
    errorCat,
    error: {
      ...error,
      ...(exitCode === null ? {} : { exitCode }),
      ...(signal === null ? {} : { signal }),
      ...(output === "" ? {} : { output }),
    },
  };
}

function verdict(errorCat: ErrorCat, name: string, message: string): Verdict {
  return { errorCat, error: plainError(name, message) };
}
