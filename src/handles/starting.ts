import { boolean, integer, oneOf } from "../options.js";

export interface ScaleOptions {
  /** Least workers; as it is (see `MyJobs.nrMin`) unless given. */
  nrMin?: number;
  /** Most workers; as it is (see `MyJobs.nrMax`) unless given. */
  nrMax?: number;
  /** Stands for both bounds; not to be given beside one of them. */
  nrFixed?: number;
}

export interface WorkerOptions {
  /** Its number; the lowest free one unless given. */
  nr?: number;
  /** No time limits, and a line on the console at each start and end of a job. */
  debug?: boolean;
}

export interface SubprocessOptions extends WorkerOptions {
  /** What its record shall call it: 'tmux' for one that a person watches in a window; 'subprocess' unless given. */
  type?: "subprocess" | "tmux";
}

export interface WorkerStartOptions extends WorkerOptions {
  /** Take one job (waiting for one if there is none), finish it, halt, and only then resolve. */
  onetime?: boolean;
}

export interface TmuxOptions {
  /** How many workers; 4 unless given. */
  nrWorkers?: number;
}

export const scaleRules = {
  nrMin: integer(0, undefined),
  nrMax: integer(1, undefined),
  nrFixed: integer(1, undefined),
};
export const workerRules = { nr: integer(1, undefined), debug: boolean(false) };
export const startRules = { ...workerRules, onetime: boolean(false) };
export const subprocessRules = {
  ...workerRules,
  type: oneOf(["subprocess", "tmux"], "subprocess"),
};
export const tmuxRules = { nrWorkers: integer(1, 4, 1_000) };
