import type { Bounds } from "../bounds.js";
import { setImmediate, soon } from "../clock.js";
import { OptionError } from "../errors.js";
import type { Scale } from "../events.js";
import type { ActionRecord, CheckedAction } from "../models/action.js";
import type { ClaimedJob } from "../models/job.js";
import { cancelled, type Outcome } from "../pool/outcome.js";
import { Pool, type PoolOptions, type PoolPort } from "../pool/pool.js";
import type { Wanted } from "../pool/wanted.js";
import type { PoolWorker } from "../pool/worker.js";
import { processStart } from "../processes.js";
import type { Categories, Store } from "../store/store.js";
import { Allowance } from "./allowance.js";
import { Claims } from "./claims.js";
import { Demand } from "./demand.js";
import type { EndedFields } from "./ending.js";
import { Ledger } from "./ledger.js";
import { Stall } from "./stall.js";
import { printStop } from "./watched.js";

export interface DispatcherOptions extends PoolOptions {
  categories: Categories;
}

export interface DispatcherPort {
  started(job: ClaimedJob): void;
  /** Committed; without fields the store knows how it ended. */
  ended(id: number, fields?: EndedFields): void;
  /** A worker's phase has changed. */
  changed(worker: PoolWorker): void;
  scaled(scale: Scale): void;
  failed(cause: unknown): void;
}

/** Brings jobs to workers, and what became of them to the store. */
export class Dispatcher implements PoolPort {
  readonly pool: Pool;
  readonly #store: Store;
  readonly #options: DispatcherOptions;
  readonly #port: DispatcherPort;
  readonly #claims: Claims;
  readonly #ledger: Ledger;
  readonly #demand: Demand;
  readonly #stall: Stall;
  /** Those whose processes have come up. */
  readonly #present = new WeakSet<PoolWorker>();
  readonly #allowance = new Allowance();
  /** Cancelled between their claim and their start. */
  readonly #cancelled = new Set<number>();
  #poked = false;

  constructor(
    store: Store,
    options: DispatcherOptions,
    bounds: Bounds,
    port: DispatcherPort,
  ) {
    const failed = port.failed.bind(port);
    const { categories } = options;
    this.#store = store;
    this.#options = options;
    this.#port = port;
    this.pool = new Pool(options, bounds, this);
    this.#demand = new Demand(store, this.pool, categories, failed);
    this.#stall = new Stall(this.pool, ({ settings }, currentJob) => {
      const state = currentJob === null ? "WAITING" : "BUSY";
      this.#update(settings.id, { state, currentJob });
    });
    this.#ledger = new Ledger(store, {
      failed,
      ended: port.ended.bind(port),
      news: this.news.bind(this),
    });
    this.#claims = new Claims(store, categories, {
      failed,
      rest: this.#cancelled.clear.bind(this.#cancelled),
      again: this.poke.bind(this),
      allowance: this.#allowance.left.bind(this.#allowance),
      serviceTime: () => this.pool.serviceTime,
      assign: this.#assign.bind(this),
      release: (worker, jobs) => {
        const outcome = { kind: "released", started: false } as const;
        for (const job of jobs) this.#ledger.settle(worker.nr, job, outcome);
      },
      drained: this.#demand.drained.bind(this.#demand),
    });
  }

  /** An action that will be needed: it need not be read again. */
  learn(action: ActionRecord): void {
    this.#claims.learn(action);
  }

  /** There may be so many jobs to claim that were not there before, any number unless given. */
  news(jobs?: number): void {
    this.#claims.news(jobs);
    this.poke();
  }

  /** There may be somebody to do something. Cheap; the claims go into the commit of this turn. */
  poke(): void {
    if (this.#poked) return;
    this.#poked = true;
    soon(() => {
      this.#poked = false;
      this.#claims.feedAll(this.pool.workers);
      this.#demand.measure();
    });
  }

  /** An in-process worker; one that is to take a single job halts after it. */
  async startInprocess(
    nr: number | undefined,
    debug: boolean,
    onetime: boolean,
  ): Promise<PoolWorker> {
    const worker = await this.pool.addInprocess(nr, debug);
    if (onetime) this.#allowance.limit(worker, 1);
    await worker.start();
    return worker;
  }

  /** Stops a job that is RUNNING; if no worker here holds it yet, as soon as one does. */
  cancel(id: number): void {
    for (const worker of this.pool.workers.values()) {
      if (worker.stop(id, cancelled())) return;
    }
    if (this.#claims.busy) this.#cancelled.add(id);
  }

  /** Takes no more jobs, and ends the workers; resolves when what became of everything is written. */
  async close(timeout: number, requeue: boolean): Promise<void> {
    const claimed = this.#claims.close();
    this.#demand.stop();
    this.#stall.stop();
    await this.pool.close(timeout, requeue);
    await claimed;
    await this.#ledger.close();
  }

  /** Ends what still runs, at once. */
  kill(requeue: boolean): void {
    this.pool.kill(requeue);
  }

  /** Resolves when all that has happened is in the store. */
  written(): Promise<void> {
    return this.#ledger.written();
  }

  async register(wanted: Wanted): Promise<{ id: number; nr: number }> {
    const { type, nr, anyNr, debug } = wanted;
    const worker = { type, timeout: this.#options.workerTimeout, debug };
    const numbered = nr === undefined ? worker : { ...worker, nr };
    const record = await this.#store.registerWorker(numbered);
    if (record !== undefined) return record;
    if (anyNr === true) return this.register({ ...wanted, nr: undefined });
    const where =
      type === "inprocess" ? "workerStart" : "workerSubprocessStart";
    const expected = "a number that no live worker has";
    throw new OptionError(where, "nr", nr, expected);
  }

  settled(
    worker: PoolWorker,
    job: ClaimedJob,
    outcome: Outcome,
    took: number | undefined,
  ): void {
    printStop(worker, job, outcome);
    this.#ledger.settle(worker.nr, job, outcome);
    if (outcome.kind === "released") this.#allowance.use(worker, -1);
    else if (took !== undefined) this.pool.served(took);
    if (worker.holds > 0) this.#stall.watch();
    else if (this.#allowance.left(worker) === 0) worker.relieve();
    this.poke();
  }

  changed(worker: PoolWorker): void {
    const { phase } = worker;
    if (phase === "dead") this.#departed(worker);
    if (phase === "idle") this.#idle(worker);
    this.#port.changed(worker);
    this.poke();
  }

  grown(worker: PoolWorker, rss: number): void {
    if (rss > this.#options.maxRss) worker.relieve();
  }

  scaled(scale: Scale): void {
    this.#port.scaled(scale);
  }

  failed(cause: unknown): void {
    this.#port.failed(cause);
  }

  #assign(
    worker: PoolWorker,
    jobs: readonly ClaimedJob[],
    actions: readonly CheckedAction[],
  ): void {
    for (const job of jobs) this.#port.started(job);
    this.#allowance.use(worker, jobs.length);
    worker.assign(jobs, actions);
    for (const { id } of jobs) {
      if (this.#cancelled.has(id)) worker.stop(id, cancelled());
    }
    this.#stall.watch();
  }

  #idle(worker: PoolWorker): void {
    if (this.#present.has(worker)) this.#stall.rests(worker);
    else this.#arrived(worker);
  }

  /** Its first idle moment: its process is there now. */
  #arrived(worker: PoolWorker): void {
    const { pid, vessel, settings } = worker;
    this.#present.add(worker);
    if (vessel.killable) {
      const most = this.#options.maxJobsPerWorker || Infinity;
      this.#allowance.limit(worker, most);
    }
    const pidStart = processStart(pid);
    this.#update(settings.id, { state: "WAITING", pid, pidStart });
  }

  #departed(worker: PoolWorker): void {
    const { error, settings } = worker;
    this.pool.departed(worker);
    const state = error === null ? "HALTED" : "ERROR";
    this.#update(settings.id, { state, error, currentJob: null });
    // Not within its own death: whether it could not even boot is told only after this.
    setImmediate(() => {
      this.pool.reconcile();
    });
  }

  #update(id: number, change: Parameters<Store["updateWorker"]>[1]): void {
    this.#ledger.write(() => this.#store.updateWorker(id, change));
  }
}
