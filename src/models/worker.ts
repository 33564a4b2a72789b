export const workerTypes = ["tmux", "subprocess", "inprocess"] as const;
export type WorkerType = (typeof workerTypes)[number];

/** NEW: starting. WAITING: idle. BUSY. ERROR: dead or frozen. HALTED: stopped on request. */
export const workerStates = [
  "NEW",
  "WAITING",
  "BUSY",
  "ERROR",
  "HALTED",
] as const;
export type WorkerState = (typeof workerStates)[number];

export const liveStates = ["NEW", "WAITING", "BUSY"] as const;

export function isLive({ state }: { state: WorkerState }): boolean {
  return (liveStates as readonly WorkerState[]).includes(state);
}

/** A worker as the store gives it. Times are epoch milliseconds. */
export interface WorkerRecord {
  /** Never reused, unlike `nr`: a stale handle can tell itself from its successor. */
  id: number;
  nr: number;
  name: string;
  type: WorkerType;
  state: WorkerState;
  /** 0 = none yet. */
  pid: number;
  timeStart: number;
  lastUpdate: number;
  currentJob: number | null;
  error: string | null;
  /** Asked to stop, after its current job or at once. */
  halt: boolean;
  debug: boolean;
  /** Milliseconds; the limit of a job that has none of its own. 0 = none. */
  timeout: number;
  host: number;
}

/** What a worker, and its window, is called. */
export function workerName(nr: number): string {
  return `w${String(nr)}`;
}
