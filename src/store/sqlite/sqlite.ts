import type { ActionRecord, NewAction } from "../../models/action.js";
import type { JobRecord, NewJob } from "../../models/job.js";
import type { WorkerRecord } from "../../models/worker.js";
import type * as contract from "../store.js";
import { ActionTable } from "./actions.js";
import { Changes } from "./changes.js";
import { CheckTable } from "./checks.js";
import { JobClaim } from "./claim.js";
import { Committer, first, firstLight, last, light } from "./committer.js";
import type { Connection } from "./connection.js";
import { Dependants } from "./dependants.js";
import { storeError } from "./faults.js";
import { HostTable } from "./hosts.js";
import { JobInsert } from "./insert.js";
import { emptyTables } from "./migrations.js";
import { JobQuery } from "./query.js";
import { JobSettle } from "./settle.js";
import { WindowTable } from "./windows.js";
import { WorkerTable } from "./workers.js";

/** A store in a SQLite file, in memory, or beside the tables of a Database that the user gave. */
export class SqliteStore implements contract.Store {
  readonly path: string;
  readonly windows: WindowTable;
  readonly checks: CheckTable;
  readonly #connection: Connection;
  readonly #run: Committer["run"];
  readonly #committer: Committer;
  readonly #actions: ActionTable;
  readonly #hosts: HostTable;
  readonly #workers: WorkerTable;
  readonly #insert: JobInsert;
  readonly #claim: JobClaim;
  readonly #settle: JobSettle;
  readonly #query: JobQuery;
  readonly #changes: Changes;
  readonly #now: () => number;
  #closing: Promise<void> | undefined;

  /** Registers this host; `now` gives epoch milliseconds. */
  static async open(
    connection: Connection,
    now: () => number,
  ): Promise<SqliteStore> {
    let hosts: HostTable | undefined;
    try {
      const store = new SqliteStore(connection, now);
      hosts = store.#hosts;
      await store.#run(() => store.#hosts.register(now()), light);
      return store;
    } catch (cause) {
      if (connection.own) connection.db.close();
      hosts?.release();
      throw storeError("open", connection.path, cause);
    }
  }

  private constructor(connection: Connection, now: () => number) {
    const { db, path } = connection;
    const dependants = new Dependants(db);
    const committer = new Committer(db, path, connection);
    const hosts = (this.#hosts = new HostTable(db, path));
    const workers = new WorkerTable(db);
    const shared = { db, committer, hosts, workers, now };
    this.path = path;
    this.#now = now;
    this.#connection = connection;
    this.#committer = committer;
    this.#run = committer.run.bind(committer);
    this.#workers = workers;
    this.#changes = new Changes(db, path, connection.fellows);
    this.#actions = new ActionTable(db);
    this.windows = new WindowTable(shared);
    this.checks = new CheckTable(shared);
    this.#insert = new JobInsert(db, dependants);
    this.#claim = new JobClaim(db, dependants, workers, committer);
    this.#settle = new JobSettle(db, dependants);
    this.#query = new JobQuery(db, dependants);
  }

  putAction(action: NewAction): Promise<ActionRecord> {
    return this.#run(() => this.#actions.put(action));
  }

  getAction(id: number): Promise<ActionRecord | undefined> {
    return this.#run(() => this.#actions.get(id), first);
  }

  findActions(filter: contract.ActionFilter): Promise<ActionRecord[]> {
    return this.#run(() => this.#actions.find(filter));
  }

  insertJobs(jobs: readonly NewJob[]): Promise<contract.InsertedJobs> {
    return this.#run(() => this.#insert.insert(jobs, this.#now()));
  }

  claimJobs(
    worker: contract.Claimant,
    limit: number,
    categories: contract.Categories,
  ): Promise<contract.Claim | undefined> {
    const { id } = this.#hosts;
    return this.#run(
      () => this.#claim.claim(worker, id, limit, categories, this.#now()),
      last,
    );
  }

  finishJobs(ends: readonly contract.JobFinish[]): Promise<contract.Finished> {
    const { id } = this.#hosts;
    return this.#run((alone) => this.#settle.finish(ends, id, alone), first);
  }

  failJob(failure: contract.JobFailure): Promise<contract.Settlement> {
    return this.#run(() => this.#settle.fail(failure, this.#hosts.id), first);
  }

  releaseJobs(releases: readonly contract.JobRelease[]): Promise<number[]> {
    return this.#run(
      () => this.#settle.release(releases, this.#hosts.id, this.#now()),
      first,
    );
  }

  cancelJob(id: number): Promise<contract.Cancellation> {
    return this.#run(() => this.#settle.cancel(id, this.#now()));
  }

  orders(): Promise<contract.Orders> {
    return this.#run(() => ({
      cancelled: this.#settle.cancelled(this.#hosts.id),
      ...this.#workers.orders(this.#hosts.id),
      asked: this.checks.asked,
    }));
  }

  collectJob(id: number): Promise<boolean> {
    return this.#run(() => this.#settle.collect(id));
  }

  getJobs(ids: readonly number[]): Promise<JobRecord[]> {
    return this.#run(() => this.#query.get(ids));
  }

  jobStates(ids: readonly number[]): Promise<contract.KnownState[]> {
    return this.#run(() => this.#query.states(ids));
  }

  endedJobs(ids: readonly number[], elsewhere = false): Promise<JobRecord[]> {
    const host = elsewhere ? this.#hosts.id : 0;
    return this.#run(() => this.#query.ended(ids, host));
  }

  findJobs(filter: contract.JobFilter): Promise<JobRecord[]> {
    return this.#run(() => this.#query.find(filter));
  }

  countJobs(filter: contract.JobMatch): Promise<number> {
    return this.#run(() => this.#query.count(filter));
  }

  deleteJobs(filter: contract.JobMatch): Promise<contract.Deletion> {
    return this.#run(() => this.#query.delete(filter, this.#now()));
  }

  countReady(categories: contract.Categories, most: number): Promise<number> {
    return this.#run(() => this.#claim.count(categories, most), last);
  }

  countActive(): Promise<number> {
    return this.#run(() => this.#query.active());
  }

  registerWorker(
    worker: contract.NewWorker,
  ): Promise<WorkerRecord | undefined> {
    return this.#run(
      () => this.#workers.register(worker, this.#hosts.id, this.#now()),
      firstLight,
    );
  }

  updateWorker(id: number, change: contract.WorkerChange): Promise<void> {
    return this.#run(
      () => this.#workers.update(id, change, this.#now()),
      firstLight,
    );
  }

  haltWorker(id: number, order: contract.HaltOrder): Promise<void> {
    return this.#run(() => this.#workers.halt(id, order));
  }

  findWorkers(filter: contract.WorkerQuery): Promise<WorkerRecord[]> {
    return this.#run(() => this.#workers.find(filter));
  }

  lostHosts(): Promise<contract.LostHost[]> {
    return this.#run(() => this.#hosts.lost());
  }

  async rescue(hosts: readonly number[]): Promise<contract.Rescue> {
    // First: a host without its lock is dead to all, but a lock whose host nobody knows would be left.
    this.#hosts.unlock(hosts);
    return this.#run(() => {
      for (const host of hosts) {
        this.#workers.lose(host, this.#now());
        this.#hosts.remove(host);
      }
      return this.#settle.rescue(hosts, this.#now());
    });
  }

  assertAlone(but?: readonly number[]): Promise<void> {
    return this.#run(() => this.#hosts.assertAlone(but));
  }

  reset(): Promise<void> {
    return this.#run(() => {
      this.#hosts.assertAlone();
      this.#connection.db.exec(emptyTables);
    });
  }

  onWork(callback: () => void): () => void {
    return this.#changes.listen(callback);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#changes.stop();
    const { db, own } = this.#connection;
    const leave = (): void => {
      this.#settle.releaseAll(this.#hosts.id, this.#now());
      this.#workers.leave(this.#hosts.id, this.#now());
      this.#hosts.remove(this.#hosts.id);
    };
    try {
      const leaving = db.open ? this.#run(leave) : Promise.resolve();
      await leaving.finally(() => this.#committer.close());
    } finally {
      if (own) db.close();
      this.#hosts.release();
    }
  }
}
