import { readBounds } from "../bounds.js";
import { sleep } from "../clock.js";
import {
  liveStates,
  workerName,
  type WorkerRecord,
  type WorkerState,
} from "../models/worker.js";
import { readOptions } from "../options.js";
import type { PoolWorker } from "../pool/worker.js";
import type { Store, WorkerFilter } from "../store/store.js";
import { checkWorkers } from "../supervisor/check.js";
import type { Dispatcher } from "../supervisor/dispatcher.js";
import type { Keeper } from "../supervisor/keeper.js";
import type { Rescuer } from "../supervisor/rescuer.js";
import {
  type ScaleOptions,
  scaleRules,
  startRules,
  type SubprocessOptions,
  subprocessRules,
  type TmuxOptions,
  tmuxRules,
  type WorkerOptions,
  workerRules,
  type WorkerStartOptions,
} from "./starting.js";
import { workerFilter } from "./views.js";
import { Worker, type WorkerHandlePort } from "./worker.js";

export interface WorkersCheck {
  /** Those that are alive and well, in the whole store. */
  workers: Worker[];
  /** How many these are. */
  count: number;
  /** Those that are dead or frozen: found just now, or on record since they died. `error` says how. */
  errors: Worker[];
}

/** How often a worker of another process is asked after that was told to stop. */
const pollInterval = 50;

/** Those who have workers in their care. */
export interface Crew {
  dispatcher: Dispatcher;
  keeper: Keeper;
}

/** The workers as users see them: this instance's own, and those of the whole store. */
export class Fleet implements WorkerHandlePort {
  readonly #store: Store;
  readonly #crew: () => Crew;

  /** The crew may change: a reset makes a new one. */
  constructor(store: Store, crew: () => Crew) {
    this.#store = store;
    this.#crew = crew;
  }

  /** By `nr`, as they are at this moment; those in windows as they were last seen. */
  get own(): ReadonlyMap<number, Worker> {
    const { dispatcher, keeper } = this.#crew();
    const workers = [
      ...Array.from(dispatcher.pool.workers.values(), (own) =>
        this.handle(own),
      ),
      ...keeper.workers.map((record) => this.record(record)),
    ].sort((a, b) => a.nr - b.nr);
    return new Map(workers.map((worker) => [worker.nr, worker]));
  }

  async findAll(filter: WorkerFilter | undefined): Promise<Worker[]> {
    const records = await this.#store.findWorkers(workerFilter(filter));
    return records.map((record) => this.record(record));
  }

  async scale(options: ScaleOptions | undefined): Promise<void> {
    const where = "workersSubprocessStart";
    const { pool } = this.#dispatcher;
    const bounds = readBounds(
      where,
      readOptions(where, scaleRules, options),
      pool.bounds,
    );
    pool.bounds = bounds;
    await pool.start();
    this.#dispatcher.poke();
  }

  async startInprocess(
    options: WorkerStartOptions | undefined,
  ): Promise<Worker> {
    const { nr, onetime, debug } = readOptions(
      "workerStart",
      startRules,
      options,
    );
    const worker = await this.#dispatcher.startInprocess(nr, debug, onetime);
    if (onetime) await worker.died;
    const handle = this.handle(worker);
    return onetime ? handle.load() : handle;
  }

  async startSubprocess(
    options: SubprocessOptions | undefined,
  ): Promise<Worker> {
    const where = "workerSubprocessStart";
    const wanted = readOptions(where, subprocessRules, options);
    const { pool } = this.#dispatcher;
    return this.handle(await pool.startKept({ ...wanted, scaled: false }));
  }

  async startTmux(options: WorkerOptions | undefined): Promise<Worker> {
    const where = "workerTmuxStart";
    const { nr, debug } = readOptions(where, workerRules, options);
    return this.record(await this.#keeper.start(where, nr, debug));
  }

  async startAllTmux(options: TmuxOptions | undefined): Promise<Worker[]> {
    const where = "workersTmuxStart";
    const { nrWorkers } = readOptions(where, tmuxRules, options);
    const records = await this.#keeper.startAll(nrWorkers);
    return records.map((record) => this.record(record));
  }

  async check(rescuer: Rescuer): Promise<WorkersCheck> {
    const port = { ...this.#crew(), store: this.#store, rescuer };
    const failed = await checkWorkers(port);
    const well = await this.#store.findWorkers({ state: liveStates });
    return {
      workers: well.map((record) => this.record(record)),
      count: well.length,
      errors: failed.map((record) => this.record(record)),
    };
  }

  handle(worker: PoolWorker): Worker {
    return new Worker(snapshot(worker), this, () => snapshot(worker));
  }

  record(record: WorkerRecord): Worker {
    const own = this.#own(record.id);
    const look = own === undefined ? undefined : () => snapshot(own);
    return new Worker(record, this, look);
  }

  async find(id: number): Promise<WorkerRecord | undefined> {
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
    await this.#store.haltWorker(id, kill ? "kill" : "halt");
    await (own?.died ?? this.#ended(id));
    await this.#dispatcher.written();
  }

  #own(id: number): PoolWorker | undefined {
    return this.#dispatcher.pool.workers.get(id);
  }

  get #dispatcher(): Dispatcher {
    return this.#crew().dispatcher;
  }

  get #keeper(): Keeper {
    return this.#crew().keeper;
  }

  async #ended(id: number): Promise<void> {
    const alive = { id, state: liveStates };
    while ((await this.#store.findWorkers(alive)).length > 0)
      await sleep(pollInterval);
  }
}

function stateOf({ phase, error, current }: PoolWorker): WorkerState {
  if (error !== null) return "ERROR";
  if (phase === "dead") return "HALTED";
  if (phase === "starting") return "NEW";
  return current === undefined ? "WAITING" : "BUSY";
}

function snapshot(worker: PoolWorker): WorkerRecord {
  const { settings, nr, type, error, pid, timeStart, lastUpdate, current } =
    worker;
  const { id, debug, timeout } = settings;
  return {
    id,
    nr,
    name: workerName(nr),
    type,
    state: stateOf(worker),
    pid,
    timeStart,
    lastUpdate,
    currentJob: current?.id ?? null,
    error,
    halt: worker.unwanted,
    debug,
    timeout,
    // That is us; nobody asks for it here.
    host: 0,
  };
}
