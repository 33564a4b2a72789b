import { readBounds } from "../bounds.js";
import { setTimeout } from "../clock.js";
import type { WorkerRecord, WorkerState } from "../models/worker.js";
import { boolean, integer, readOptions } from "../options.js";
import type { PoolWorker } from "../pool/worker.js";
import type { Store, WorkerFilter } from "../store/store.js";
import type { Dispatcher } from "../supervisor/dispatcher.js";
import { workerFilter } from "./views.js";
import { Worker, type WorkerHandlePort } from "./worker.js";

export interface ScaleOptions {
  nrMin?: number;
  nrMax?: number;
  /** Stands for both bounds. */
  nrFixed?: number;
}

export interface WorkerStartOptions {
  /** Its number; the lowest free one unless given. */
  nr?: number;
  /** Take one job (waiting for one if there is none), finish it, halt, and only then resolve. */
  onetime?: boolean;
  /** No time limits, and a line on the console at each start and end of a job. */
  debug?: boolean;
}

const scaleRules = {
  nrMin: integer(0, undefined),
  nrMax: integer(1, undefined),
  nrFixed: integer(1, undefined),
};
const startRules = {
  nr: integer(1, undefined),
  onetime: boolean(false),
  debug: boolean(false),
};

/** How often a worker of another process is asked after that was told to stop. */
const pollInterval = 50;

/** The workers as users see them: this instance's own, and those of the whole store. */
export class Fleet implements WorkerHandlePort {
  readonly #store: Store;
  readonly #dispatcher: () => Dispatcher;

  /** The dispatcher may change: a reset makes a new one. */
  constructor(store: Store, dispatcher: () => Dispatcher) {
    this.#store = store;
    this.#dispatcher = dispatcher;
  }

  /** By `nr`, as they are at this moment. */
  get own(): ReadonlyMap<number, Worker> {
    const workers = [...this.#dispatcher().pool.workers.values()];
    return new Map(workers.map((worker) => [worker.nr, this.handle(worker)]));
  }

  async findAll(filter: WorkerFilter | undefined): Promise<Worker[]> {
    const records = await this.#store.findWorkers(workerFilter(filter));
    return records.map((record) => new Worker(record, this));
  }

  async scale(options: ScaleOptions | undefined): Promise<void> {
    const where = "workersSubprocessStart";
    const { pool } = this.#dispatcher();
    const bounds = readBounds(
      where,
      readOptions(where, scaleRules, options),
      pool.bounds,
    );
    pool.bounds = bounds;
    await pool.start();
    this.#dispatcher().poke();
  }

  async startInprocess(
    options: WorkerStartOptions | undefined,
  ): Promise<Worker> {
    const { nr, onetime, debug } = readOptions(
      "workerStart",
      startRules,
      options,
    );
    const worker = await this.#dispatcher().startInprocess(nr, debug, onetime);
    if (onetime) await worker.died;
    const handle = this.handle(worker);
    return onetime ? handle.load() : handle;
  }

  handle(worker: PoolWorker): Worker {
    return new Worker(snapshot(worker), this);
  }

  async find(id: number): Promise<WorkerRecord | undefined> {
    const own = this.#own(id);
    if (own !== undefined) return snapshot(own);
    const [record] = await this.#store.findWorkers({ id });
    return record;
  }

  halt(id: number): Promise<void> {
    return this.#end(id, false);
  }

  kill(id: number): Promise<void> {
    return this.#end(id, true);
  }

  /** Ours at once; another host's by an order in the store. Resolves when that is recorded. */
  async #end(id: number, kill: boolean): Promise<void> {
    const own = this.#own(id);
    if (kill) own?.kill();
    else own?.halt();
    await this.#store.haltWorker(id, kill);
    await (own?.died ?? this.#ended(id));
    await this.#dispatcher().written();
  }

  #own(id: number): PoolWorker | undefined {
    return [...this.#dispatcher().pool.workers.values()].find(
      ({ settings }) => settings.id === id,
    );
  }

  async #ended(id: number): Promise<void> {
    const alive = { id, state: ["NEW", "WAITING", "BUSY"] } as const;
    while ((await this.#store.findWorkers(alive)).length > 0)
      await new Promise((resolve) => setTimeout(resolve, pollInterval));
  }
}

function stateOf({ phase, error, current }: PoolWorker): WorkerState {
  if (error !== null) return "ERROR";
  if (phase === "dead") return "HALTED";
  if (phase === "starting") return "NEW";
  return current === undefined ? "WAITING" : "BUSY";
}

function snapshot(worker: PoolWorker): WorkerRecord {
  const {
    settings,
    nr,
    type,
    phase,
    error,
    pid,
    timeStart,
    lastUpdate,
    current,
  } = worker;
  const { id, debug, timeout } = settings;
  return {
    id,
    nr,
    name: `w${String(nr)}`,
    type,
    state: stateOf(worker),
    pid,
    timeStart,
    lastUpdate,
    currentJob: current?.id ?? null,
    error,
    halt: phase === "draining",
    debug,
    timeout,
    host: 0,
  };
}
