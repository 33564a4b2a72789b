import { OptionError } from "../errors.js";
import type { Scale } from "../events.js";
import type { ActionRecord } from "../models/action.js";
import type { ClaimedJob } from "../models/job.js";
import type { WorkerType } from "../models/worker.js";
import { cancelled, type Outcome } from "../pool/outcome.js";
import { Pool, type PoolOptions, type PoolPort } from "../pool/pool.js";
import type { PoolWorker } from "../pool/worker.js";
import type { Bounds } from "../options.js";
import { processStart } from "../processes.js";
import type { Categories, Store } from "../store/store.js";
import { Appetite } from "./appetite.js";
import type { EndedFields } from "./ending.js";
import { Demand } from "./demand.js";
import { Records } from "./records.js";
import { Stall } from "./stall.js";

export interface DispatcherOptions extends PoolOptions {
  categories: Categories;
}

export interface DispatcherPort {
  started(job: ClaimedJob): void;
  /** Committed; without fields the store knows how it ended. */
  ended(id: number, fields?: EndedFields): void;
  /** A worker's phase has changed, and its record with it. */
  changed(worker: PoolWorker): void;
  scaled(scale: Scale): void;
  failed(error: Error): void;
}

/** Brings jobs to workers, and what became of them to the store. */
export class Dispatcher implements PoolPort {
  readonly pool: Pool;
  readonly #store: Store;
  readonly #options: DispatcherOptions;
  readonly #port: DispatcherPort;
  readonly #records: Records;
  readonly #demand: Demand;
  readonly #stall: Stall;
  readonly #appetite = new Appetite();
  readonly #actions = new Map<number, ActionRecord>();
  /** Workers whose claim is under way; true = there was news since it was asked. */
  readonly #claiming = new Map<PoolWorker, boolean>();
  /** Those whose processes have come up. */
  readonly #present = new Set<PoolWorker>();
  /** How many jobs a worker may still take. */
  readonly #allowance = new Map<PoolWorker, number>();
  /** Cancelled between their claim and their start. */
  readonly #cancelled = new Set<number>();
  #closing = false;

  constructor(
    store: Store,
    options: DispatcherOptions,
    bounds: Bounds,
    port: DispatcherPort,
  ) {
    this.#store = store;
    this.#options = options;
    this.#port = port;
    this.#records = new Records((error) => {
      port.failed(error);
    });
    this.pool = new Pool(options, bounds, this);
    this.#demand = new Demand(store, this.pool, options.categories, (error) => {
      port.failed(error);
    });
    this.#stall = new Stall(this.pool);
  }

  /** An action that will be needed: it need not be read again. */
  learn(action: ActionRecord): void {
    this.#actions.set(action.id, action);
  }

  /** There may be something to do. Cheap; the claims go into the commit of this turn. */
  poke(): void {
    if (this.#closing) return;
    for (const worker of this.pool.workers.values()) this.#feed(worker);
    this.#demand.measure();
  }

  /** An in-process worker; one that is to take a single job halts after it. */
  async startInprocess(
    nr: number | undefined,
    debug: boolean,
    onetime: boolean,
  ): Promise<PoolWorker> {
    const worker = await this.pool.addInprocess(nr, debug);
    this.#allowance.set(worker, onetime ? 1 : Infinity);
    await worker.start();
    return worker;
  }

  /** Stops a job that is RUNNING; if no worker here holds it yet, as soon as one does. */
  cancel(id: number): void {
    for (const worker of this.pool.workers.values()) {
      if (worker.stop(id, cancelled())) return;
    }
    this.#cancelled.add(id);
  }

  /** What other processes asked of this one: jobs to cancel, workers to halt. */
  async obey(): Promise<void> {
    const [ids, workers] = await Promise.all([
      this.#store.cancelledJobs(),
      this.#store.findWorkers({ state: ["NEW", "WAITING", "BUSY"] }),
    ]);
    for (const id of ids) this.cancel(id);
    for (const { halt, nr, id } of workers) {
      const worker = this.pool.workers.get(nr);
      if (halt && worker?.settings.id === id) worker.halt();
    }
  }

  /** Takes no more jobs, and ends the workers; resolves when what became of everything is written. */
  async close(timeout: number, requeue: boolean): Promise<void> {
    this.#closing = true;
    this.#demand.stop();
    this.#stall.stop();
    await this.pool.close(timeout, requeue);
    await this.#records.close();
  }

  /** Resolves when all that has happened is in the store. */
  written(): Promise<void> {
    return this.#records.settled();
  }

  async register(
    type: WorkerType,
    nr: number | undefined,
    debug: boolean,
  ): Promise<{ id: number; nr: number }> {
    const timeout = this.#options.workerTimeout;
    const asked = nr === undefined ? {} : { nr };
    const record = await this.#store.registerWorker({
      ...asked,
      type,
      timeout,
      debug,
    });
    if (record === undefined)
      throw new OptionError(
        "workerStart",
        "nr",
        nr,
        "a number that no live worker has",
      );
    return record;
  }

  settled(
    worker: PoolWorker,
    job: ClaimedJob,
    outcome: Outcome,
    took: number,
  ): void {
    this.#records.write(() => this.#record(worker, job, outcome));
    if (outcome.kind !== "released") {
      this.#appetite.learn(took);
      this.pool.served(took);
      this.#spend(worker);
    }
    this.poke();
  }

  changed(worker: PoolWorker): void {
    const { id } = worker.settings;
    if (worker.phase === "dead") {
      this.pool.workers.delete(worker.nr);
      this.#allowance.delete(worker);
      this.#present.delete(worker);
      const { error } = worker;
      const state = error === null ? "HALTED" : "ERROR";
      this.#records.write(() =>
        this.#store.updateWorker(id, { state, error, currentJob: null }),
      );
      this.pool.reconcile();
    } else if (worker.phase === "idle" && !this.#present.has(worker))
      this.#arrived(worker);
    this.#port.changed(worker);
    this.poke();
  }

  grown(worker: PoolWorker, rss: number): void {
    if (rss > this.#options.maxRss) worker.halt();
  }

  scaled(scale: Scale): void {
    this.#port.scaled(scale);
  }

  failed(error: Error): void {
    this.#port.failed(error);
  }

  /** Its first idle moment: its process is there now. */
  #arrived(worker: PoolWorker): void {
    this.#present.add(worker);
    if (worker.type === "subprocess")
      this.#allowance.set(worker, this.#options.maxJobsPerWorker || Infinity);
    const { pid } = worker;
    const pidStart = processStart(pid);
    this.#records.write(() =>
      this.#store.updateWorker(worker.settings.id, {
        state: "WAITING",
        pid,
        pidStart,
      }),
    );
  }

  #spend(worker: PoolWorker): void {
    const left = (this.#allowance.get(worker) ?? Infinity) - 1;
    this.#allowance.set(worker, left);
    if (left <= 0) worker.halt();
  }

  #feed(worker: PoolWorker): void {
    if (this.#claiming.has(worker)) {
      this.#claiming.set(worker, true);
      return;
    }
    const left = (this.#allowance.get(worker) ?? Infinity) - worker.holds;
    const limit = Math.min(this.#appetite.of(worker), left);
    if (limit <= 0) return;
    this.#claiming.set(worker, false);
    this.#claim(worker, limit)
      .catch((cause: unknown) => {
        this.#port.failed(cause as Error);
      })
      .finally(() => {
        const news = this.#claiming.get(worker);
        this.#claiming.delete(worker);
        if (news === true && !this.#closing) this.#feed(worker);
      });
  }

  async #claim(worker: PoolWorker, limit: number): Promise<void> {
    const { id, nr } = worker.settings;
    const claimant = { id, nr, idle: worker.holds === 0 };
    const claimed = await this.#store.claimJobs(
      claimant,
      limit,
      this.#options.categories,
    );
    this.#demand.claimed(claimed.length, limit);
    if (claimed.length === 0) return;
    const jobs = this.#sentTogether(worker, claimed);
    const actions = await this.#actionsOf(jobs);
    if (!worker.open || this.#closing) {
      this.#release(worker, jobs);
      return;
    }
    for (const job of jobs) this.#port.started(job);
    worker.assign(jobs, actions);
    for (const { id } of jobs)
      if (this.#cancelled.delete(id)) worker.stop(id, cancelled());
    this.#stall.watch();
  }

  /** A job under which a host has died goes alone, so that it can take nobody with it. */
  #sentTogether(
    worker: PoolWorker,
    claimed: readonly ClaimedJob[],
  ): readonly ClaimedJob[] {
    const suspect = claimed.findIndex(({ interruptions }) => interruptions > 0);
    this.#appetite.cautious = suspect >= 0;
    if (suspect < 0) return claimed;
    const together = suspect === 0 && worker.holds === 0 ? 1 : suspect;
    this.#release(worker, claimed.slice(together));
    return claimed.slice(0, together);
  }

  async #actionsOf(jobs: readonly ClaimedJob[]): Promise<ActionRecord[]> {
    const ids = [...new Set(jobs.map(({ actionId }) => actionId))];
    for (const id of ids) {
      if (this.#actions.has(id)) continue;
      const action = await this.#store.getAction(id);
      if (action !== undefined) this.learn(action);
    }
    return ids
      .map((id) => this.#actions.get(id))
      .filter((action) => action !== undefined);
  }

  #release(worker: PoolWorker, jobs: readonly ClaimedJob[]): void {
    for (const job of jobs)
      this.settled(worker, job, { kind: "released", started: false }, 0);
  }

  async #record(
    worker: PoolWorker,
    job: ClaimedJob,
    outcome: Outcome,
  ): Promise<void> {
    const { id, attempt } = job;
    const held = { id, attempt, worker: worker.nr };
    if (outcome.kind === "released") {
      await this.#store.releaseJobs([{ ...held, started: outcome.started }]);
      this.poke();
    } else if (outcome.kind === "ok") {
      const { result, timeStart, timeStop } = outcome.end;
      const state = await this.#store.finishJob({
        ...held,
        result,
        timeStart,
        timeStop,
      });
      if (state === "stale") return;
      const fields = {
        ...held,
        state: "OK",
        errorCat: "NA",
        error: null,
        result,
        timeStart,
        timeStop,
      } as const;
      this.#port.ended(id, fields);
      this.poke();
    } else {
      const { errorCat, error, timeStart, timeStop } = outcome;
      const settlement = await this.#store.failJob({
        ...held,
        errorCat,
        error,
        timeStart,
        timeStop,
      });
      if (settlement.outcome === "stale") return;
      this.#port.ended(id, {
        ...held,
        state: "ERROR",
        errorCat,
        error,
        result: null,
        timeStart,
        timeStop,
      });
      for (const dependant of settlement.failed) this.#port.ended(dependant);
    }
  }
}
