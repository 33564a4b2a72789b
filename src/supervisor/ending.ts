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
  /** Followed since before it could end; otherwise it may have ended unseen, and the store must be asked. */
  sure: boolean;
  ended = false;
  /** The job was deleted. */
  deleted = false;
  /** Absent if the end was not seen here, or the result is large: then the store knows. */
  fields: EndedFields | undefined = undefined;
  #listeners: Listener[] | undefined = undefined;

  constructor(id: number, sure: boolean) {
    this.id = id;
    this.sure = sure;
  }

  get awaited(): boolean {
    return this.#listeners !== undefined && this.#listeners.length > 0;
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
    if (this.#listeners === undefined) this.#listeners = [listener];
    else this.#listeners.push(listener);
  }

  /** Gives whether others are left. */
  unlisten(listener: Listener): boolean {
    this.#listeners = this.#listeners?.filter((other) => other !== listener);
    return this.awaited;
  }

  stop(): void {
    for (const listener of this.#listeners ?? []) listener.stopped();
  }

  #tell(): void {
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) listener.told(this);
  }
}
