import { types } from "node:util";

import { ownDepth, withoutOwnFrames } from "./frames.js";
import type { ErrorCat } from "./models/job.js";

/**
 * Every error that myjobs itself throws. Facts are fields, so that a program can act on them; the
 * message says what was attempted, what was given and what was expected. The original is `cause`.
 */
export class MyJobsError extends Error {
  static {
    this.prototype.name = "MyJobsError";
  }

  constructor(message: string, options?: ErrorOptions) {
    const { stackTraceLimit } = Error;
    // What is ours is left out, and is more than all that is kept where a value is refused deep within.
    Reflect.set(Error, "stackTraceLimit", stackTraceLimit + ownDepth); // may be frozen
    super(message, options);
    Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
    // A prepareStackTrace of the user's may make anything of it.
    const stack: unknown = this.stack ?? message;
    if (typeof stack === "string")
      this.stack = withoutOwnFrames(stack, stackTraceLimit);
  }
}

/** A bad or unknown option, filter or argument. Nothing has happened yet. */
export class OptionError extends MyJobsError {
  static {
    this.prototype.name = "OptionError";
  }

  constructor(
    readonly where: string,
    readonly option: string,
    readonly value: unknown,
    readonly expected: string,
    /** In words. */
    problem = `${option} is ${show(value)}`,
  ) {
    super(`${where}: ${problem}, expected ${expected}`);
  }
}

/** A value that JSON cannot carry faithfully. `path` says where in it, as in `kwargs.user.tags[2]`. */
export class ValueError extends MyJobsError {
  static {
    this.prototype.name = "ValueError";
  }

  constructor(
    readonly path: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`${path} ${reason}`, options);
  }
}

/** One reason why a function cannot be shipped to another process. */
export interface ActionProblem {
  /** The free identifier, or what else stands in the way (`this`, `super`, `[native code]`). */
  name: string;
  /** What it is, as far as that can be told. */
  reason: string;
  /** What to do about it. */
  cure: string;
  file?: string;
  /** Counted from 1. */
  line?: number;
  /** Counted from 1. */
  column?: number;
  /** The line itself, with a mark below the place. */
  frame?: string;
}

/** A function or module that cannot be an action. Lists every problem at once. */
export class ActionError extends MyJobsError {
  static {
    this.prototype.name = "ActionError";
  }

  constructor(
    message: string,
    readonly problems: readonly ActionProblem[] = [],
    options?: ErrorOptions,
  ) {
    super([message, ...problems.map(describe)].join("\n"), options);
  }
}

/** What `wait` and `results` reject with when a job with `die` has failed. `job` is its handle. */
export class JobFailedError<J = unknown> extends MyJobsError {
  static {
    this.prototype.name = "JobFailedError";
  }

  constructor(
    message: string,
    readonly job: J,
    readonly errorCat: ErrorCat,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The time given to `wait`, `results` or `job.wait` ran out. The jobs go on. */
export class WaitTimeoutError extends MyJobsError {
  static {
    this.prototype.name = "WaitTimeoutError";
  }

  constructor(
    /** Milliseconds. */
    readonly timeout: number,
    /** The ids of the jobs that had not ended. */
    readonly pending: readonly number[],
  ) {
    const few =
      pending.slice(0, 5).join(", ") + (pending.length > 5 ? ", ..." : "");
    super(
      `waited ${String(timeout)} ms, and ${String(pending.length)} job(s) have not ended: ${few}`,
    );
  }
}

/** No job has this id, or it was deleted. */
export class JobNotFoundError extends MyJobsError {
  static {
    this.prototype.name = "JobNotFoundError";
  }

  constructor(
    readonly id: number,
    /** What it was wanted for, in words. */
    purpose = "",
  ) {
    super(`there is no job ${String(id)}${purpose}`);
  }
}

export type StoreFault =
  | "corrupt"
  | "not-a-database"
  | "newer-schema"
  | "missing"
  | "read-only"
  | "disk-full"
  | "locked"
  | "in-use"
  | "gone"
  | "unsupported"
  | "failed";

/** The store could not be opened, read or written. `fault` says which kind of reason it was. */
export class StoreError extends MyJobsError {
  static {
    this.prototype.name = "StoreError";
  }

  constructor(
    message: string,
    readonly fault: StoreFault,
    readonly store: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Whether an operation on several jobs may have failed for one of them: then the others can do without it. */
export function isForOne(cause: unknown): boolean {
  if (cause instanceof StoreError)
    return cause.fault === "failed" || cause.fault === "disk-full";
  return !(cause instanceof StoppedError);
}

/** A worker could not be started: its process exited, or was not ready in time. `output` is its last words. */
export class WorkerError extends MyJobsError {
  static {
    this.prototype.name = "WorkerError";
  }

  constructor(
    message: string,
    readonly output = "",
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A window for a worker cannot be opened: tmux is absent, or refused. */
export class TmuxError extends MyJobsError {
  static {
    this.prototype.name = "TmuxError";
  }

  constructor(
    message: string,
    /** What tmux was asked, and what it said. */
    readonly command: readonly string[] = [],
    readonly output = "",
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Something was asked of an instance after, or was pending at, its `stop()`. */
export class StoppedError extends MyJobsError {
  static {
    this.prototype.name = "StoppedError";
  }

  constructor(what: string) {
    super(`${what}: this MyJobs has been stopped`);
  }
}

/** A value as it may stand in a message: short, on one line, never throwing. */
export function show(value: unknown): string {
  if (types.isPromise(value)) return "a Promise that was not awaited";
  if (typeof value === "string") return short(JSON.stringify(value));
  if (typeof value === "function")
    return `function ${value.name || "(anonymous)"}`;
  if (typeof value !== "object" || value === null) return short(String(value));
  try {
    return short(JSON.stringify(value));
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function describe(problem: ActionProblem): string {
  const { name, reason, cure, file, line, column, frame } = problem;
  const place =
    file === undefined
      ? ""
      : ` at ${[file, line, column].filter((x) => x !== undefined).join(":")}`;
  const code = frame === undefined ? "" : `\n${frame}`;
  return `  ${name}${place}: ${reason}; ${cure}${code}`;
}
