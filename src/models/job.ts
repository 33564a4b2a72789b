/** The states of a job; `allowedMoves` says which follows which. */
export const jobStates = ["NEW", "RUNNING", "OK", "ERROR", "DONE"] as const;
export type JobState = (typeof jobStates)[number];

/**
 * Why a job ended ERROR. NA: it did not. TIMEOUT: ran longer than its limit. CRASH: its process
 * vanished. HALTED: ended on purpose. ERROR: the action threw, could not be compiled, or its result
 * could not be stored.
 */
export const errorCats = ["NA", "TIMEOUT", "CRASH", "HALTED", "ERROR"] as const;
export type ErrorCat = (typeof errorCats)[number];

/** NEW -> ERROR is a job cancelled, or failed by a dependency, before it ran. */
export const allowedMoves: Readonly<Record<JobState, readonly JobState[]>> = {
  NEW: ["RUNNING", "ERROR"],
  RUNNING: ["OK", "ERROR", "NEW"],
  OK: ["DONE"],
  ERROR: [],
  DONE: [],
};

/** What is kept of a failure. `stack` points at the user's own file and line. */
export interface JobError {
  name: string;
  message: string;
  stack: string;
  code?: string | number;
  cause?: unknown;
  /** Of the process that ran the job, when it vanished. */
  exitCode?: number;
  signal?: string;
  /** The last lines that process wrote. */
  output?: string;
  /** The id of the job whose failure failed this one. */
  dependencyFailure?: number;
  /** Own fields of the error that was thrown. */
  [field: string]: unknown;
}

/** One that nobody threw. */
export function plainError(name: string, message: string): JobError {
  return { name, message, stack: `${name}: ${message}` };
}

export const cancelledError = plainError(
  "CancelledError",
  "the job was cancelled",
);

/** A job as the store gives it. Times are epoch milliseconds, 0 = not yet; values are JSON text. */
export interface JobRecord {
  id: number;
  name: string;
  category: string;
  state: JobState;
  errorCat: ErrorCat;
  timeStart: number;
  timeStop: number;
  /** Milliseconds; 0 = the worker's. */
  timeout: number;
  actionId: number;
  kwargs: string;
  result: string | null;
  error: JobError | null;
  die: boolean;
  dependencies: number[];
  returnQueues: string[];
  priority: number;
  runAt: number;
  attempt: number;
  maxAttempts: number;
  progress: string | null;
  /** The `nr` of the worker that runs it, or ran it last. */
  worker: number | null;
}

/** What the options of `schedule` say of a job: one for all that are scheduled alike. */
export interface JobPlan {
  /** '' = that of `nameOf`. */
  name: string;
  category: string;
  timeout: number;
  die: boolean;
  dependencies: readonly number[];
}

/** The name of a job that was given none. */
export function nameOf(id: number): string {
  return `j${String(id)}`;
}

/** What `schedule` hands to the store. */
export interface NewJob {
  plan: JobPlan;
  actionId: number;
  kwargs: string;
}

/** The record of a job that has just been stored. */
export function newRecord(
  id: number,
  { plan, actionId, kwargs }: NewJob,
): JobRecord {
  return {
    id,
    name: plan.name || nameOf(id),
    category: plan.category,
    state: "NEW",
    errorCat: "NA",
    timeStart: 0,
    timeStop: 0,
    timeout: plan.timeout,
    actionId,
    kwargs,
    result: null,
    error: null,
    die: plan.die,
    dependencies: [...plan.dependencies],
    returnQueues: [],
    priority: 0,
    runAt: 0,
    attempt: 0,
    maxAttempts: 1,
    progress: null,
    worker: null,
  };
}

/** A job that a worker has taken: what it needs to run. Values are JSON text. */
export interface ClaimedJob {
  id: number;
  name: string;
  category: string;
  timeout: number;
  actionId: number;
  kwargs: string;
  attempt: number;
  /** How often its host died under it. */
  interruptions: number;
  dependencies: number[];
  /** The dependencies' results, in their order. */
  results: string[];
}

/** Characters of what a job is given: its arguments, and the results that it depends on. */
export function sizeOf({ kwargs, results }: ClaimedJob): number {
  let size = kwargs.length;
  for (const result of results) size += result.length;
  return size;
}
