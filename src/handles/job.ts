import { inspect, type InspectOptionsStylized } from "node:util";

import { JobNotFoundError } from "../errors.js";
import {
  type ErrorCat,
  type JobError,
  type JobRecord,
  type JobState,
  type NewJob,
  newRecord,
} from "../models/job.js";
import type { EndedFields, Ending } from "../supervisor/ending.js";
import { shown } from "./shown.js";

export interface WaitOptions {
  /** Milliseconds; unless given, a wait has no limit. */
  timeout?: number;
  /** Whether a failed job rejects the wait; unless given, what the job was scheduled with (true). */
  die?: boolean;
  /** Ends the wait, which then rejects with the signal's reason. The jobs go on. */
  signal?: AbortSignal;
}

/** What a handle can ask for. */
export interface JobPort {
  /** The file of its store; '' in memory. */
  readonly path: string;
  /** Resolves when it has ended, and has been refreshed; rejects if it shall. */
  wait(job: Job, options: WaitOptions | undefined): Promise<Job>;
  find(id: number): Promise<JobRecord | undefined>;
  cancel(job: Job): Promise<boolean>;
  collect(id: number): Promise<boolean>;
  follow(id: number): Ending;
}

/** A job as it was when this handle last looked: it changes only through `wait`, `load`, `cancel` and `done`. */
export class Job<R = unknown> {
  readonly id: number;
  /** As it was handed in, until more is asked of it: most handles are asked for their end alone. */
  #known: JobRecord | NewJob;
  /** What its end has changed of the record; not merged, since most handles are asked for one field. */
  #end: EndedFields | undefined = undefined;
  #result: { value: R } | undefined = undefined;
  readonly #port: JobPort;
  /** Of a job that was scheduled here, whose end cannot be missed. */
  readonly #ending: Ending | undefined;

  /** @internal */
  constructor(
    id: number,
    known: JobRecord | NewJob,
    port: JobPort,
    ending?: Ending,
  ) {
    this.id = id;
    this.#known = known;
    this.#port = port;
    this.#ending = ending;
  }

  /** Whether it is a job of that one's store. @internal */
  isIn(port: JobPort): boolean {
    const { path } = this.#port;
    return this.#port === port || (path !== "" && path === port.path);
  }

  /** The end of the job as the instance behind that port sees it; shared by the handles on it. @internal */
  endingAt(port: JobPort): Ending {
    const own = this.#port === port ? this.#ending : undefined;
    return own ?? port.follow(this.id);
  }

  get name(): string {
    return this.#record.name;
  }

  get category(): string {
    return this.#record.category;
  }

  get state(): JobState {
    if (this.#end !== undefined) return this.#end.state;
    return "state" in this.#known ? this.#known.state : "NEW";
  }

  get errorCat(): ErrorCat {
    return (this.#end ?? this.#record).errorCat;
  }

  /** When its last attempt started. */
  get timeStart(): Date | null {
    return date((this.#end ?? this.#record).timeStart);
  }

  get timeStop(): Date | null {
    return date((this.#end ?? this.#record).timeStop);
  }

  /** Milliseconds; 0 = the worker's. */
  get timeout(): number {
    return this.#record.timeout;
  }

  get actionId(): number {
    return this.#record.actionId;
  }

  get kwargs(): unknown {
    return JSON.parse(this.#record.kwargs) as unknown;
  }

  /** What the action returned; undefined unless the job is OK or DONE. */
  get result(): R | undefined {
    const { result } = this.#end ?? this.#record;
    if (result === null) return undefined;
    this.#result ??= { value: JSON.parse(result) as R };
    return this.#result.value;
  }

  get error(): JobError | null {
    return (this.#end ?? this.#record).error;
  }

  /** Whether a wait for it rejects if it fails, unless the wait says otherwise. */
  get die(): boolean {
    return this.#record.die;
  }

  /** The ids of the jobs it waits for. */
  get dependencies(): readonly number[] {
    return this.#record.dependencies;
  }

  get returnQueues(): readonly string[] {
    return this.#record.returnQueues;
  }

  get priority(): number {
    return this.#record.priority;
  }

  get runAt(): Date | null {
    return date(this.#record.runAt);
  }

  /** How often it has been started, or given to a process that died before it came to it. */
  get attempt(): number {
    return (this.#end ?? this.#record).attempt;
  }

  get maxAttempts(): number {
    return this.#record.maxAttempts;
  }

  get progress(): unknown {
    return JSON.parse(this.#record.progress ?? "null") as unknown;
  }

  /** The `nr` of the worker that runs it, or ran it last. */
  get worker(): number | null {
    return (this.#end ?? this.#record).worker;
  }

  /** Reads it again from the store. Throws `JobNotFoundError` if it was deleted. */
  load(): Promise<this> {
    return this.loadFrom(this.#port);
  }

  /** @internal */
  async loadFrom(port: JobPort): Promise<this> {
    const record = await port.find(this.id);
    if (record === undefined) throw new JobNotFoundError(this.id);
    this.replace(record);
    return this;
  }

  /** Resolves when it has ended; with `die` (default as scheduled: true) rejects with `JobFailedError` if it failed. */
  wait(options?: WaitOptions): Promise<this> {
    return this.#port.wait(this, options) as Promise<this>;
  }

  /**
   * Ends it HALTED: at once if it is NEW, when its process is gone if it is RUNNING. False if it has
   * ended already, or ended before it could be stopped.
   */
  cancel(): Promise<boolean> {
    return this.#port.cancel(this);
  }

  /** Says that the result has been collected: OK becomes DONE. False if it is not OK. */
  async done(): Promise<boolean> {
    const done = await this.#port.collect(this.id);
    await this.load();
    return done;
  }

  /** The record as plain data, for JSON.stringify and logs. */
  toJSON(): Record<string, unknown> {
    const { kwargs, result, timeStart, timeStop, runAt, progress } = this;
    return {
      ...this.#record,
      ...this.#end,
      kwargs,
      result,
      timeStart,
      timeStop,
      runAt,
      progress,
    };
  }

  /** What `console.log` shows. */
  [inspect.custom](depth: number, options: InspectOptionsStylized): string {
    return shown("Job", this.#fields, depth, options);
  }

  /** @internal */
  replace(record: JobRecord): void {
    this.#result = undefined;
    this.#end = undefined;
    this.#known = record;
  }

  /** @internal */
  finish(end: EndedFields): void {
    this.#result = undefined;
    this.#end = end;
  }

  /** As they are stored where they cannot be read: a line in a log throws nothing. */
  get #fields(): object {
    try {
      return this.toJSON();
    } catch {
      return { ...this.#record, ...this.#end };
    }
  }

  get #record(): JobRecord {
    const known = this.#known;
    if ("state" in known) return known;
    return (this.#known = newRecord(this.id, known));
  }
}

function date(time: number): Date | null {
  return time === 0 ? null : new Date(time);
}
