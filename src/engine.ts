import { type Bounds, readBounds } from "./bounds.js";
import { now } from "./clock.js";
import { StoppedError } from "./errors.js";
import { type EventMap, Events } from "./events.js";
import { Desk } from "./handles/desk.js";
import { Fleet } from "./handles/fleet.js";
import type { Job } from "./handles/job.js";
import type { Worker } from "./handles/worker.js";
import type { WorkerState } from "./models/worker.js";
import { type OpenOptions, openRules, readOptions } from "./options.js";
import type { PoolWorker } from "./pool/worker.js";
import { openStore } from "./store/open.js";
import type { Store } from "./store/store.js";
import { Dispatcher, type DispatcherOptions } from "./supervisor/dispatcher.js";
import { obey } from "./supervisor/orders.js";
import { Rescuer } from "./supervisor/rescuer.js";
import { Waiter } from "./supervisor/waiter.js";

export type MyJobsEvents = EventMap<Job, Worker, WorkerState>;

/** The parts of an instance and how they are wired: the one place that constructs them. */
export class Engine {
  readonly store: Store;
  readonly events = new Events<MyJobsEvents>();
  readonly waiter: Waiter;
  readonly desk: Desk;
  readonly fleet: Fleet;
  readonly #options: DispatcherOptions;
  readonly #rescuer: Rescuer;
  readonly #toldStates = new WeakMap<PoolWorker, WorkerState>();
  readonly #unlisten: () => void;
  #dispatcher: Dispatcher;
  #stopping: Promise<void> | undefined;

  static async open(options: OpenOptions | undefined): Promise<Engine> {
    const values = readOptions("open", openRules, options);
    const bounds = readBounds("open", values);
    const store = await openStore(values.store, values.durability, now);
    const engine = new Engine(store, values, bounds);
    try {
      await engine.#rescuer.settle();
    } catch (cause) {
      await engine.stop(0, true);
      throw cause;
    }
    engine.#rescuer.start();
    return engine;
  }

  private constructor(
    store: Store,
    options: DispatcherOptions,
    bounds: Bounds,
  ) {
    this.store = store;
    this.#options = options;
    this.waiter = new Waiter(store, this.#failed);
    this.desk = new Desk(store, this.waiter, {
      store: (where) => this.running(where),
      dispatcher: () => this.#dispatcher,
      scheduled: (job) => {
        this.events.emit("scheduled", job);
      },
      ended: (id) => {
        this.#tell("ended", id);
      },
    });
    this.#dispatcher = this.#newDispatcher(bounds);
    this.fleet = new Fleet(store, () => this.#dispatcher);
    this.#rescuer = new Rescuer(store, {
      failed: this.#failed,
      rescued: (rescue) => {
        for (const id of rescue.failed) this.desk.ended(id);
        this.#dispatcher.poke();
      },
    });
    this.#unlisten = store.onWork(() => {
      this.waiter.look();
      this.#dispatcher.poke();
      obey(store, this.#dispatcher).catch(this.#failed);
    });
  }

  get bounds(): Bounds {
    return this.#dispatcher.pool.bounds;
  }

  set bounds(bounds: Bounds) {
    this.#dispatcher.pool.bounds = bounds;
  }

  /** The store; throws once the instance is stopped. */
  running(where: string): Store {
    if (this.#stopping !== undefined) throw new StoppedError(where);
    return this.store;
  }

  async reset(): Promise<void> {
    await this.running("reset").assertAlone();
    const { bounds } = this;
    await this.#dispatcher.close(0, false);
    try {
      await this.store.reset();
      this.desk.reset();
    } finally {
      this.#dispatcher = this.#newDispatcher(bounds);
    }
  }

  /** A later call may be less patient than the first. */
  async stop(timeout: number, requeue: boolean): Promise<void> {
    if (this.#stopping !== undefined && timeout === 0) {
      this.#dispatcher.kill(requeue);
    }
    await (this.#stopping ??= this.#stop(timeout, requeue));
  }

  async #stop(timeout: number, requeue: boolean): Promise<void> {
    try {
      await this.#dispatcher.close(timeout, requeue);
      await this.#rescuer.stop();
    } finally {
      this.#unlisten();
      this.desk.stop();
      await this.store.close();
    }
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

  readonly #failed = (error: Error): void => {
    // What was still being looked up when the store was closed.
    if (error instanceof StoppedError) return;
    this.events.emit("error", error);
  };
}
