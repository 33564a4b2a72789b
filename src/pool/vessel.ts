import type { JobError } from "../models/job.js";
import type { Marks } from "../transport/marks.js";
import type { End, WorkMessage } from "../transport/messages.js";

/** What a worker runs its jobs in: a forked process, or this one. */
export interface Vessel {
  readonly pid: number;
  /** By which jobs that were sent ahead can be taken back; undefined = nothing may be sent ahead. */
  readonly marks: Marks | undefined;
  /** Whether what runs in it can be stopped against its will. */
  readonly killable: boolean;
  /** Resolves when it can take jobs; rejects with a WorkerError if it cannot come up. */
  start(): Promise<void>;
  send(message: WorkMessage): void;
  signal(signal: "SIGTERM" | "SIGKILL"): void;
  /** Asks whether it is well. */
  ping(): void;
  /** Whether it has been asked, and has not answered yet. */
  readonly silent: boolean;
  /** It has nothing to do any more, and may end. */
  leave(): void;
  /** It is gone, and nothing is asked of it any more. */
  close(): void;
}

export interface VesselPort {
  ended(end: End): void;
  /** It had been taken back before it was started. */
  skipped(id: number, mark: number): void;
  /** The last that is heard of it; everything it wrote before has been read. */
  gone(gone: Gone): void;
}

export interface Gone {
  exitCode: number | null;
  signal: string | null;
  /** The last lines it wrote. */
  output: string;
  /** What it died of, as far as it could tell, and the job that did it (0 = none known). */
  fault?: { id: number; attempt: number; error: JobError };
}
