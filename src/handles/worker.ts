import { inspect, type InspectOptionsStylized } from "node:util";

import type {
  WorkerRecord,
  WorkerState,
  WorkerType,
} from "../models/worker.js";
import { shown } from "./shown.js";

/** What a handle can ask for. */
export interface WorkerHandlePort {
  find(id: number): Promise<WorkerRecord | undefined>;
  halt(id: number): Promise<void>;
  kill(id: number): Promise<void>;
}

/** A worker as it was when this handle last looked: it changes only through `load`, `halt` and `kill`. */
export class Worker {
  #record: WorkerRecord;
  readonly #port: WorkerHandlePort;
  readonly #own: (() => WorkerRecord) | undefined;

  /**
   * @param own Reads it where it lives, if that is this process.
   * @internal
   */
  constructor(
    record: WorkerRecord,
    port: WorkerHandlePort,
    own?: () => WorkerRecord,
  ) {
    this.#record = record;
    this.#port = port;
    this.#own = own;
  }

  /** `w` and its number. */
  get name(): string {
    return this.#record.name;
  }

  /** Unique in the store among the workers that live. */
  get nr(): number {
    return this.#record.nr;
  }

  get type(): WorkerType {
    return this.#record.type;
  }

  get state(): WorkerState {
    return this.#record.state;
  }

  get pid(): number {
    return this.#record.pid;
  }

  get timeStart(): Date {
    return new Date(this.#record.timeStart);
  }

  get lastUpdate(): Date {
    return new Date(this.#record.lastUpdate);
  }

  /** The id of the job it runs. */
  get currentJob(): number | null {
    return this.#record.currentJob;
  }

  /** Why it died. */
  get error(): string | null {
    return this.#record.error;
  }

  /** Whether it was asked to stop, after its current job or at once (the column `halt`). */
  get halting(): boolean {
    return this.#record.halt;
  }

  get debug(): boolean {
    return this.#record.debug;
  }

  /** Milliseconds; the limit of a job that has none of its own. 0 = none. */
  get timeout(): number {
    return this.#record.timeout;
  }

  /**
   * Reads it again. If it belongs to another process and its number has been taken again, it has ended: HALTED, or
   * ERROR as it was.
   */
  async load(): Promise<this> {
    const state = this.#record.state === "ERROR" ? "ERROR" : "HALTED";
    const ended = { ...this.#record, state, currentJob: null } as const;
    const found = this.#own?.() ?? (await this.#port.find(this.#record.id));
    this.#record = found ?? ended;
    return this;
  }

  /** Lets it finish its current job, then stops it; resolves when it has stopped. Works on any process's worker. */
  async halt(): Promise<void> {
    await this.#port.halt(this.#record.id);
    await this.load();
  }

  /** Kills its process group at once; its job ends HALTED. Resolves when that is recorded. Works on any process's worker. */
  async kill(): Promise<void> {
    await this.#port.kill(this.#record.id);
    await this.load();
  }

  /** The record as plain data, for JSON.stringify and logs. */
  toJSON(): Omit<WorkerRecord, "host"> {
    const { host: _, ...record } = this.#record;
    return record;
  }

  /** What `console.log` shows. */
  [inspect.custom](depth: number, options: InspectOptionsStylized): string {
    const { timeStart, lastUpdate } = this;
    const fields = { ...this.toJSON(), timeStart, lastUpdate };
    return shown("Worker", fields, depth, options);
  }
}
