import type { JobRecord } from "../models/job.js";

/** What a job's end changes of its record. */
export type EndedFields = Pick<
  JobRecord,
  | "state"
  | "errorCat"
  | "error"
  | "result"
  | "timeStart"
  | "timeStop"
  | "attempt"
  | "worker"
>;

/** Who waits for an end: it is told once. */
export interface Listener {
  told(ending: Ending): void;
  /** There is nobody left who would tell. */
  stopped(): void;
}

/** Characters of a result that are worth keeping for a waiter; a longer one is read again from the store. */
const kept = 4_096;

/**
 * The end of one job, shared by its handle and by the waiter: who never asks costs nothing but this
 * small object, and whatever it holds goes with the handle.
 */
export class Ending {
  readonly id: number;
  /** How often there had been news from others when it had not ended yet; after any since, it may have ended unseen. */
  heard: number;
  /** Whether the job was scheduled here. */
  readonly own: boolean;
  ended = false;
  /** The job was deleted. */
  deleted = false;
  /** Absent if the end was not seen here, or the result is large: then the store knows. */
  fields: EndedFields | undefined = undefined;
  /** Mostly one, which needs no set. */
  #listeners: Listener | Set<Listener> | undefined = undefined;

  constructor(id: number, heard: number) {
    this.id = id;
    this.heard = heard;
    this.own = heard >= 0;
  }

  get awaited(): boolean {
    return this.#listeners !== undefined;
  }

  end(fields: EndedFields | undefined): void {
    this.ended = true;
    if (fields !== undefined && (fields.result?.length ?? 0) <= kept)
      this.fields = fields;
    this.#tell();
  }

  delete(): void {
    this.deleted = true;
    this.#tell();
  }

  listen(listener: Listener): void {
    const before = this.#listeners;
    if (before === undefined) this.#listeners = listener;
    else if (before instanceof Set) before.add(listener);
    else this.#listeners = new Set([before, listener]);
  }

  /** Gives whether others are left. */
  unlisten(listener: Listener): boolean {
    const listeners = this.#listeners;
    if (listeners instanceof Set) {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners = undefined;
    } else if (listeners === listener) this.#listeners = undefined;
    return this.awaited;
  }

  stop(): void {
    for (const listener of this.#take()) listener.stopped();
  }

  #tell(): void {
    for (const listener of this.#take()) listener.told(this);
  }

  /** Each is told once, of whatever comes first. */
  #take(): Iterable<Listener> {
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners === undefined) return [];
    return listeners instanceof Set ? listeners : [listeners];
  }
}
