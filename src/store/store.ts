import type { ActionRecord, NewAction } from "../models/action.js";
import type {
  ClaimedJob,
  ErrorCat,
  JobError,
  JobRecord,
  JobState,
  NewJob,
} from "../models/job.js";
import type {
  WorkerRecord,
  WorkerState,
  WorkerType,
} from "../models/worker.js";
import type { ProcessName } from "../processes.js";
import type { CheckStore, WindowStore } from "./neighbours.js";

/**
 * What a store of jobs does. Whole operations, plain data in and out; each resolves once what it did
 * is durable, and rejects with a `StoreError` if it could not be done, in which case nothing was.
 * An opened store is one host among others that may share it: it claims, and ends, in its own name.
 */
export interface Store {
  /** The file it lives in, absolute; '' when it lives in this process's memory. */
  readonly path: string;
  readonly windows: WindowStore;
  readonly checks: CheckStore;

  /** Stores an action, or finds the equal one that is stored already. */
  putAction(action: NewAction): Promise<ActionRecord>;
  getAction(id: number): Promise<ActionRecord | undefined>;
  findActions(filter: ActionFilter): Promise<ActionRecord[]>;

  /** Stores jobs, all or none. One whose dependency has failed already is stored and ended at once. */
  insertJobs(jobs: readonly NewJob[]): Promise<InsertedJobs>;
  /**
   * Takes up to `limit` jobs that can run for a worker (fewer where they are large), and counts their attempt. It is BUSY
   * while it holds any, with the one that its record names, or else the first. Jobs that are still to be stored do not hold
   * it up. Undefined if there are some, but the worker is not on record as a live one any more: others have given it up.
   */
  claimJobs(
    worker: Claimant,
    limit: number,
    categories: Categories,
  ): Promise<Claim | undefined>;
  /** Ends jobs OK and releases what waits for them. */
  finishJobs(finishes: readonly JobFinish[]): Promise<Finished>;
  /** Ends a job ERROR, and with it all that depend on it. */
  failJob(failure: JobFailure): Promise<Settlement>;
  /** Gives back jobs that were claimed and shall run again; unstarted ones lose the attempt they had counted. Gives the ids of those that had been cancelled, and ended instead. */
  releaseJobs(releases: readonly JobRelease[]): Promise<number[]>;
  /** Ends a NEW job HALTED; marks a RUNNING one, for the host that runs it to see. */
  cancelJob(id: number): Promise<Cancellation>;
  /** What was asked of this host from elsewhere. */
  orders(): Promise<Orders>;
  /** OK becomes DONE; false if it was not OK. */
  collectJob(id: number): Promise<boolean>;

  /** Those of the ids that exist, in no particular order. */
  getJobs(ids: readonly number[]): Promise<JobRecord[]>;
  /** The states of those of the ids that exist. */
  jobStates(ids: readonly number[]): Promise<KnownState[]>;
  /** Those of the ids that have ended; `elsewhere` (default false): but for those that this host ran last. */
  endedJobs(ids: readonly number[], elsewhere?: boolean): Promise<JobRecord[]>;
  findJobs(filter: JobFilter): Promise<JobRecord[]>;
  countJobs(filter: JobMatch): Promise<number>;
  /** Deletes what matches and is not RUNNING; what depends on it fails. */
  deleteJobs(filter: JobMatch): Promise<Deletion>;
  /** How many jobs could be claimed now, counted up to `most`. */
  countReady(categories: Categories, most: number): Promise<number>;
  /** More than zero while any job runs, or could run now, in the whole store; zero means drained. */
  countActive(): Promise<number>;

  /**
   * Registers a worker of this host under `nr`, or the lowest that is free; undefined if `nr` is taken by
   * a live one. One of type tmux takes over the record that another host made for its window.
   */
  registerWorker(worker: NewWorker): Promise<WorkerRecord | undefined>;
  updateWorker(id: number, change: WorkerChange): Promise<void>;
  /** Orders a worker of any host to stop. */
  haltWorker(id: number, order: HaltOrder): Promise<void>;
  findWorkers(filter: WorkerQuery): Promise<WorkerRecord[]>;

  /** The hosts that died without closing, with the processes they may have left. */
  lostHosts(): Promise<LostHost[]>;
  /** Settles what lost hosts held: their jobs run again, or end CRASH at the fourth time; their workers are dead. */
  rescue(hosts: readonly number[]): Promise<Rescue>;
  /** Rejects with a `StoreError` while another host is alive, but for those given. */
  assertAlone(but?: readonly number[]): Promise<void>;
  /** Deletes all records; refuses while another host is alive. */
  reset(): Promise<void>;

  /** Calls back when another host may have changed something. A hint: it can be missed, or false. */
  onWork(callback: () => void): () => void;
  /** Lets go of the store and of this host's lock. Idempotent. */
  close(): Promise<void>;
}

export interface Claim {
  jobs: ClaimedJob[];
  /** There are no more. */
  isAll: boolean;
}

/** undefined = all. */
export type Categories = readonly string[] | undefined;

export interface ActionFilter {
  key?: string;
  methodname?: string;
}

type OneOrMany<T> = T | readonly T[];

/** Which jobs: those that match all that is given. */
export interface JobMatch {
  id?: OneOrMany<number>;
  state?: OneOrMany<JobState>;
  errorCat?: OneOrMany<ErrorCat>;
  category?: OneOrMany<string>;
  name?: OneOrMany<string>;
  actionId?: OneOrMany<number>;
}

export interface JobFilter extends JobMatch {
  /** Only jobs with a greater id. */
  after?: number;
  /** How many at most; 1,000 unless given. */
  limit?: number;
}

export interface WorkerFilter {
  nr?: OneOrMany<number>;
  pid?: OneOrMany<number>;
  type?: OneOrMany<WorkerType>;
  state?: OneOrMany<WorkerState>;
  name?: OneOrMany<string>;
}

export interface WorkerQuery extends WorkerFilter {
  /** Of the record: a number is taken again. */
  id?: number;
}

/** After its current job; at once, its job ending HALTED; at once, its job running again. */
export type HaltOrder = "halt" | "kill" | "requeue";

/** By id; `cancelled`: jobs to stop. */
export interface Orders {
  cancelled: number[];
  workers: { id: number; order: HaltOrder | "replace" }[];
  /** Its workers on record: one that is not was given up, and its number taken. */
  known: number[];
  /** Whether another host asks if this one and its workers are well. */
  asked: boolean;
}

export interface KnownState {
  id: number;
  state: JobState;
}

export interface InsertedJobs {
  /** In the order of the jobs. */
  ids: readonly number[];
  /** Those of them that have ended already: a dependency of them had failed. */
  ended: readonly number[];
}

export interface Claimant {
  id: number;
  nr: number;
}

/** Which attempt an end is about; a late one of another attempt changes nothing. */
export interface Attempt {
  id: number;
  worker: number;
  attempt: number;
}

export interface JobFinish extends Attempt {
  result: string;
  timeStart: number;
  timeStop: number;
}

export interface Finished {
  /** Of each, in their order; false if the job is no longer this attempt's. */
  accepted: boolean[];
  /** Whether others may be claimed now that could not before. */
  released: boolean;
}

export interface JobFailure extends Attempt {
  errorCat: ErrorCat;
  error: JobError;
  /** 0 = it never started. */
  timeStart: number;
  timeStop: number;
}

export interface JobRelease extends Attempt {
  started: boolean;
}

export interface Settlement {
  outcome: "ok" | "stale";
  /** Dependants that ended in the same step. */
  failed: number[];
}

export interface Cancellation {
  outcome: "cancelled" | "running" | "ended";
  failed: number[];
}

export interface Deletion {
  deleted: number[];
  failed: number[];
}

export interface NewWorker {
  nr?: number;
  type: WorkerType;
  timeout: number;
  debug: boolean;
}

export interface WorkerChange {
  /** Of WAITING and BUSY, the jobs that it holds decide. */
  state?: WorkerState;
  pid?: number;
  /** When that process started, as the system tells it: pids are reused. */
  pidStart?: string;
  currentJob?: number | null;
  error?: string | null;
}

export interface LostHost {
  id: number;
  processes: ProcessName[];
}

export interface Rescue {
  /** Given back to run again. */
  released: number[];
  /** Ended CRASH, and what depended on them. */
  failed: number[];
}
