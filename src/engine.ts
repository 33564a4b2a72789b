import { type Bounds, readBounds } from "./bounds.js";
import { now, sleep } from "./clock.js";
import { StoppedError } from "./errors.js";
import { type EventMap, Events } from "./events.js";
import { Faults } from "./faults.js";
import { Desk } from "./handles/desk.js";
import { type Crew, Fleet, type WorkersCheck } from "./handles/fleet.js";
import type { Job } from "./handles/job.js";
import { Reception } from "./handles/reception.js";
import type { Worker } from "./handles/worker.js";
import type { WorkerState } from "./models/worker.js";
import {
  type OpenOptions,
  openRules,
  type OpenValues,
  readOptions,
} from "./options.js";
import type { PoolWorker } from "./pool/worker.js";
import { Rounds } from "./rounds.js";
import { openStore } from "./store/open.js";
import type { Store } from "./store/store.js";
import { Dispatcher } from "./supervisor/dispatcher.js";
import { Keeper } from "./supervisor/keeper.js";
import { obey } from "./supervisor/orders.js";
import { Rescuer } from "./supervisor/rescuer.js";
import { Waiter } from "./supervisor/waiter.js";
import { Windows } from "./supervisor/windows.js";

/** How often `drain` asks the store, in milliseconds. */
const drainInterval = 20;

export type MyJobsEvents = EventMap<Job, Worker, WorkerState>;

/** The parts of an instance and how they are wired: the one place that constructs them. */
export class Engine {
  readonly store: Store;
  readonly events = new Events<MyJobsEvents>();
  readonly waiter: Waiter;
  readonly desk: Desk;
  readonly reception: Reception;
  readonly fleet: Fleet;
  readonly #faults = new Faults((error) => {
    this.events.emit("error", error);
  });
  readonly #options: OpenValues;
  readonly #rescuer: Rescuer;
  readonly #toldStates = new WeakMap<PoolWorker, WorkerState>();
  readonly #unlisten: () => void;
  readonly #resets = new Rounds(() => this.#reset());
  #crew: Crew;
  #stopping: Promise<void> | undefined;

  static async open(options: OpenOptions | undefined): Promise<Engine> {
    const values = readOptions("open", openRules, options);
    const bounds = readBounds("open", values);
    const store = await openStore(values.store, values.durability, now);
    const engine = new Engine(store, values, bounds);
    try {
      await engine.#rescuer.settle();
    } catch (cause) {
      await engine.stop(0, true, false);
      throw cause;
    }
    engine.#rescuer.start();
    return engine;
  }

  private constructor(store: Store, options: OpenValues, bounds: Bounds) {
    this.store = store;
    this.#options = options;
    this.waiter = new Waiter(store, this.#failed);
    this.desk = new Desk(store, this.waiter, {
      running: (where) => this.running(where),
      dispatcher: () => this.#crew.dispatcher,
      ended: (id) => {
        this.#tell("ended", id);
      },
    });
    this.reception = new Reception(store, this.waiter, this.desk, {
      running: (where) => this.running(where),
      dispatcher: () => this.#crew.dispatcher,
      scheduled: (job) => {
        this.events.emit("scheduled", job);
      },
    });
    this.#crew = this.#newCrew(bounds);
    this.fleet = new Fleet(store, () => this.#crew);
    this.#rescuer = new Rescuer(store, {
      failed: this.#failed,
      rescued: (rescue) => {
        for (const id of rescue.failed) this.desk.ended(id);
        this.#crew.dispatcher.news();
      },
    });
    this.#unlisten = store.onWork(() => {
      this.waiter.news();
      const { dispatcher } = this.#crew;
      dispatcher.news();
      obey(store, dispatcher).catch(this.#failed);
    });
  }

  get bounds(): Bounds {
    return this.#crew.dispatcher.pool.bounds;
  }

  set bounds(bounds: Bounds) {
    this.#crew.dispatcher.pool.bounds = bounds;
  }

  /** The store; throws once the instance is stopped. */
  running(where: string): Store {
    if (this.#stopping !== undefined) throw new StoppedError(where);
    return this.store;
  }

  /** Resolves when nothing runs in the whole store, and nothing that could run waits. */
  async drain(): Promise<void> {
    this.running("drain");
    await this.reception.settled();
    while ((await this.running("drain").countActive()) > 0)
      await sleep(drainInterval);
  }

  /** Starts workers: after a reset that is under way, so that they are the new crew's. */
  async start<T>(
    where: string,
    begin: (fleet: Fleet) => Promise<T>,
  ): Promise<T> {
    this.running(where);
    if (this.#resets.busy) await this.#resets.settled();
    this.running(where);
    return begin(this.fleet);
  }

  async reset(): Promise<void> {
    this.running("reset");
    await this.#resets.again();
  }

  async #reset(): Promise<void> {
    const store = this.running("reset");
    await store.assertAlone(await this.#crew.keeper.hosts());
    try {
      await this.#dismiss(0, false, true);
      await this.reception.reset(() => store.reset());
    } finally {
      this.#crew = this.#newCrew(this.bounds);
    }
  }

  async workersCheck(): Promise<WorkersCheck> {
    return this.fleet.check(this.#rescuer);
  }

  /** A later call may be less patient than the first. */
  async stop(timeout: number, requeue: boolean, tmux: boolean): Promise<void> {
    if (this.#stopping !== undefined && timeout === 0) {
      this.#crew.dispatcher.kill(requeue);
      this.#crew.keeper.hasten();
    }
    await (this.#stopping ??= this.#stop(timeout, requeue, tmux));
  }

  async #stop(timeout: number, requeue: boolean, tmux: boolean): Promise<void> {
    try {
      if (this.#resets.busy) await this.#resets.settled();
      await this.#dismiss(timeout, requeue, tmux);
    } finally {
      await this.#rescuer.stop();
      this.#unlisten();
      this.desk.stop();
      this.reception.stop();
      await this.store.close();
    }
  }

  /** Resolves, or rejects, when nothing of the crew is left. */
  async #dismiss(
    timeout: number,
    requeue: boolean,
    tmux: boolean,
  ): Promise<void> {
    const { dispatcher, keeper } = this.#crew;
    const ends = [
      dispatcher.close(timeout, requeue),
      keeper.close(tmux, timeout, requeue),
    ];
    await Promise.allSettled(ends);
    await Promise.all(ends);
  }

  #newCrew(bounds: Bounds): Crew {
    const windows = new Windows(this.store.path, this.#options);
    const keeper = new Keeper(
      this.store,
      windows,
      this.#options.workerTimeout,
      {
        failed: this.#failed,
        killed: (host) => this.#rescuer.settleKilled(host),
        changed: (record) => {
          if (!this.events.heard("worker")) return;
          this.events.emit("worker", this.fleet.record(record), record.state);
        },
      },
    );
    return { dispatcher: this.#newDispatcher(bounds), keeper };
  }

  #newDispatcher(bounds: Bounds): Dispatcher {
    return new Dispatcher(this.store, this.#options, bounds, {
      failed: this.#failed,
      started: ({ id }) => {
        this.#tell("started", id);
      },
      ended: (id, fields) => {
        this.desk.ended(id, fields);
      },
      changed: (worker) => {
        if (!this.events.heard("worker")) return;
        const handle = this.fleet.handle(worker);
        // Some changes of phase show only inside.
        if (this.#toldStates.get(worker) === handle.state) return;
        this.#toldStates.set(worker, handle.state);
        this.events.emit("worker", handle, handle.state);
      },
      scaled: (scale) => {
        this.events.emit("scale", scale);
      },
    });
  }

  /** Tells listeners of a job, which is read for them only if there are any. */
  #tell(event: "started" | "ended", id: number): void {
    if (!this.events.heard(event)) return;
    this.store.getJobs([id]).then((records) => {
      for (const record of records) {
        this.events.emit(event, this.desk.handle(record));
      }
    }, this.#failed);
  }

  readonly #failed = (cause: unknown): void => {
    // What was still being looked up when the store was closed.
    if (cause instanceof StoppedError) return;
    this.#faults.add(cause);
  };
}
