import type { WorkerRecord } from "../models/worker.js";
import type { ProcessName } from "../processes.js";

/**
 * The part of a store that is about windows: each is a host of its own, with one worker of type tmux.
 * Any host may keep it, that is, open it again when it dies; the last one that keeps it may close it.
 */
export interface WindowStore {
  /**
   * Makes this host keep the window `nr` (the lowest free number unless given). One whose worker lives
   * is adopted; else a NEW record is made, for the window that this host is to open. undefined if a
   * live worker of another kind has the number.
   */
  keep(window: NewWindow): Promise<Keeping | undefined>;
  /** The windows that this host keeps, in the order of their numbers. */
  kept(): Promise<KeptWindow[]>;
  /** Another host, while it is one. */
  host(id: number): Promise<HostProcess | undefined>;
  /** This host keeps it no longer; resolves to whether nobody else does. */
  leave(nr: number): Promise<boolean>;
}

export interface NewWindow {
  nr?: number;
  timeout: number;
  debug: boolean;
}

export interface Keeping {
  worker: WorkerRecord;
  /** It lives already. */
  adopted: boolean;
}

export interface KeptWindow {
  worker: WorkerRecord;
  /** The process in the window, while it is a host of this store; undefined if it is this one's, not taken over yet. */
  host: HostProcess | undefined;
}

export interface HostProcess extends ProcessName {
  id: number;
}

/** The part of a store by which hosts ask each other whether they and their workers are well. */
export interface CheckStore {
  /** Asks all other hosts. */
  ask(): Promise<void>;
  /** Those that have not answered yet. */
  silent(): Promise<HostProcess[]>;
  /** This host is well; whether it is asked stands in its `orders`. */
  answer(): Promise<void>;
  /** Records that a worker of another host is frozen, unless it has a job by now; if its host ever wakes, it is to replace it. */
  freeze(worker: number, error: string): Promise<void>;
}
