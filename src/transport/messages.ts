import type { CheckedAction } from "../models/action.js";
import type { ClaimedJob, JobError } from "../models/job.js";

/** What the process that runs a job must know of it. Values travel as JSON text, and are read where they are used. */
export type JobMessage = Omit<ClaimedJob, "timeout" | "interruptions">;

export interface SentJob {
  readonly job: JobMessage;
  /** Its place among the marks, where its child says that it has started it; 0 = there are none. */
  readonly mark: number;
}

/** What is to be done with jobs. */
export type WorkMessage =
  | {
      type: "jobs";
      jobs: readonly SentJob[];
      actions: readonly CheckedAction[];
    }
  /** Raise the signal of a job that shall stop. */
  | { type: "abort"; id: number; attempt: number; reason: string };

export type HostMessage =
  | WorkMessage
  /** Answer, if you can. */
  | { type: "ping" };

/** How a job ended, as the process that ran it tells. */
export interface End {
  type: "end";
  id: number;
  attempt: number;
  /** Epoch milliseconds. */
  timeStart: number;
  /** Milliseconds by a monotonic clock, so that it has lasted as long as it has whatever becomes of the other. */
  took: number;
  result?: string;
  /** Set when it failed. */
  error?: JobError;
  /** Bytes of memory its process holds, if that was asked for. */
  rss?: number;
}

export type ChildMessage =
  | { type: "ready" }
  | { type: "pong" }
  | End
  /** It had been taken back when its turn came, and was not started. */
  | { type: "skipped"; id: number; mark: number }
  /** The process must die of something that was thrown outside of any job's own promise. */
  | { type: "fault"; id: number; attempt: number; error: JobError };

/** What a child is told once, before its first job. */
export interface ChildSettings {
  concurrency: number;
  resultLimit: number;
  /** Bytes; 0 = it need not tell how large it is. */
  maxRss: number;
  /** By which name it prints a line at each job's start and end; '' = it does not. */
  watched: string;
}

/** The file descriptors of a child behind its IPC channel's: the shared marks, and what it tells its host by. */
export const marksFd = 4;
export const tellFd = 5;
