export { type ModuleActions, moduleActions } from "./actions/declare.js";
export type {
  Action,
  ActionFunction,
  Context,
  Json,
  Kwargs,
  ModuleAction,
} from "./actions/types.js";
export type { MyJobsEvents } from "./engine.js";
export {
  ActionError,
  type ActionProblem,
  JobFailedError,
  JobNotFoundError,
  MyJobsError,
  OptionError,
  StoppedError,
  StoreError,
  type StoreFault,
  TmuxError,
  ValueError,
  WaitTimeoutError,
  WorkerError,
} from "./errors.js";
export type { Scale } from "./events.js";
export type { WorkersCheck } from "./handles/fleet.js";
export type { Job, WaitOptions } from "./handles/job.js";
export type { ScheduleOptions } from "./handles/scheduling.js";
export type {
  ScaleOptions,
  SubprocessOptions,
  TmuxOptions,
  WorkerOptions,
  WorkerStartOptions,
} from "./handles/starting.js";
export type { StopOptions } from "./handles/stopping.js";
export type { Actions, Jobs } from "./handles/views.js";
export type { Results } from "./handles/waits.js";
export type { Worker } from "./handles/worker.js";
export type { ActionRecord } from "./models/action.js";
export type { ErrorCat, JobError, JobState } from "./models/job.js";
export type { WorkerRecord, WorkerState, WorkerType } from "./models/worker.js";
export { MyJobs } from "./myjobs.js";
export type { GivenDatabase, OpenOptions } from "./options.js";
export type {
  ActionFilter,
  JobFilter,
  JobMatch,
  WorkerFilter,
} from "./store/store.js";
