import { checked } from "../actions/origin.js";
import { clearTimeout, setTimeout } from "../clock.js";
import type { ActionRecord, CheckedAction } from "../models/action.js";
import type { ClaimedJob } from "../models/job.js";
import type { PoolWorker } from "../pool/worker.js";
import type { Categories, Store } from "../store/store.js";
import { appetite } from "./appetite.js";

const retryAfter = 1_000;
/** Behind the news stands a slow look, in case one is missed. */
const lookAfter = 1_000;

export interface ClaimsPort {
  /** How many more jobs a worker may take in its life. */
  allowance(worker: PoolWorker): number;
  /** Milliseconds that a job takes, as measured. */
  serviceTime(): number | undefined;
  assign(
    worker: PoolWorker,
    jobs: readonly ClaimedJob[],
    actions: readonly CheckedAction[],
  ): void;
  /** They were claimed, but not assigned. */
  release(worker: PoolWorker, jobs: readonly ClaimedJob[]): void;
  /** Nothing waits. */
  drained(): void;
  /** No claim is under way any more. */
  rest(): void;
  /** Workers should be fed again. */
  again(): void;
  failed(cause: unknown): void;
}

/** Claims jobs for workers that have room, one claim at a time for each. */
export class Claims {
  readonly #store: Store;
  readonly #categories: Categories;
  readonly #port: ClaimsPort;
  readonly #actions = new Map<number, CheckedAction>();
  /** Whose claim is under way; true = there was news since it was asked. */
  readonly #under = new Map<PoolWorker, boolean>();
  readonly #retries = new Set<NodeJS.Timeout>();
  /** Who waits until no claim is under way. */
  readonly #resting: (() => void)[] = [];
  /** A job that a host died under is sent alone; so until one turns out to be none, all are. */
  #cautious = false;
  /** Counts what may have brought something to claim. */
  #news = 0;
  /** At most so many jobs can be there that no claim has been asked for; none where one got less than it asked for. */
  #there = Infinity;
  #look: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(store: Store, categories: Categories, port: ClaimsPort) {
    this.#store = store;
    this.#categories = categories;
    this.#port = port;
  }

  /** An action that will be needed: it need not be read again. */
  learn(action: ActionRecord): void {
    if (this.#actions.has(action.id)) return;
    this.#actions.set(action.id, checked(action));
  }

  /** There may be so many jobs to claim that were not there before. */
  news(jobs = Infinity): void {
    this.#news += 1;
    this.#there += jobs;
  }

  /** Gets a worker what it would take; cheap when that is nothing. */
  feed(worker: PoolWorker): void {
    if (this.#closed || this.#there === 0) return;
    if (this.#under.has(worker)) {
      this.#under.set(worker, true);
      return;
    }
    const allowance = this.#port.allowance(worker);
    const most = Math.min(this.#appetite(worker), allowance);
    if (most <= 0) return;
    this.#there = Math.max(0, this.#there - most);
    this.#under.set(worker, false);
    if (worker.holds === 0) worker.expect();
    void this.#claimFor(worker, most);
  }

  /** The same for all, those that have nothing first: one job that comes is not to lie behind another. */
  feedAll(workers: ReadonlyMap<number, PoolWorker>): void {
    for (const worker of workers.values())
      if (worker.holds === 0) this.feed(worker);
    for (const worker of workers.values())
      if (worker.holds > 0) this.feed(worker);
  }

  /** Whether a claim is under way. */
  get busy(): boolean {
    return this.#under.size > 0;
  }

  /** Claims no more; resolves when what was being claimed has been assigned or given back. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#look);
    for (const timer of this.#retries) clearTimeout(timer);
    if (this.busy)
      await new Promise<void>((resolve) => this.#resting.push(resolve));
  }

  /** A fault of the store may pass, and then nothing else need happen that would make us ask again. */
  #tryLater(worker: PoolWorker): void {
    this.news();
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.feed(worker);
    }, retryAfter).unref();
    this.#retries.add(timer);
  }

  #appetite(worker: PoolWorker): number {
    if (worker.current !== undefined && isSuspect(worker.current)) return 0;
    if (this.#cautious) return worker.open && worker.holds === 0 ? 1 : 0;
    return appetite(worker, this.#port.serviceTime());
  }

  async #claimFor(worker: PoolWorker, limit: number): Promise<void> {
    try {
      await this.#claim(worker, limit);
    } catch (cause) {
      this.#port.failed(cause);
      this.#tryLater(worker);
    } finally {
      const news = this.#under.get(worker);
      this.#under.delete(worker);
      worker.expectNothing();
      if (!this.busy) this.#rest();
      if (news === true) this.feed(worker);
    }
  }

  #rest(): void {
    this.#port.rest();
    for (const resolve of this.#resting.splice(0)) resolve();
  }

  async #claim(worker: PoolWorker, limit: number): Promise<void> {
    const { id, nr } = worker.settings;
    const idle = worker.holds === 0;
    const news = this.#news;
    const claim = await this.#store.claimJobs(
      { id, nr },
      limit,
      this.#categories,
    );
    if (claim === undefined) {
      // What it might have had is there for the others.
      worker.replace();
      this.news();
      this.#port.again();
      return;
    }
    const { jobs: claimed, isAll } = claim;
    // Large ones come in parts: what it was asked for beyond them is still there.
    if (!isAll) this.#there += limit - claimed.length;
    if (isAll && news === this.#news) this.#there = 0;
    if (isAll || this.#there === 0) this.#port.drained();
    if (this.#there === 0) this.#lookLater();
    if (claimed.length === 0) return;
    const jobs = this.#sentTogether(worker, claimed);
    if (jobs.length === 0) return;
    let actions: CheckedAction[];
    try {
      actions = this.#known(jobs) ?? (await this.#read(jobs));
    } catch (cause) {
      this.#port.release(worker, jobs);
      throw cause;
    }
    const room = this.#room(worker, jobs.length, idle);
    if (room === jobs.length) this.#port.assign(worker, jobs, actions);
    else {
      if (room > 0) this.#port.assign(worker, jobs.slice(0, room), actions);
      this.#port.release(worker, jobs.slice(room));
    }
  }

  /** How many of these it is given: told to end meanwhile, it still has the job that its record names. */
  #room(worker: PoolWorker, claimed: number, idle: boolean): number {
    if (worker.open && !this.#closed) return claimed;
    return idle && worker.receptive ? 1 : 0;
  }

  #lookLater(): void {
    if (this.#closed) return;
    this.#look ??= setTimeout(() => {
      this.#look = undefined;
      this.news();
      this.#port.again();
    }, lookAfter).unref();
  }

  /** A job under which a host has died goes alone, so that it can take nobody with it. */
  #sentTogether(
    worker: PoolWorker,
    claimed: readonly ClaimedJob[],
  ): readonly ClaimedJob[] {
    const suspect = claimed.findIndex(isSuspect);
    this.#cautious = suspect >= 0;
    if (suspect < 0) return claimed;
    const together = suspect === 0 && worker.holds === 0 ? 1 : suspect;
    this.#port.release(worker, claimed.slice(together));
    return claimed.slice(0, together);
  }

  #known(jobs: readonly ClaimedJob[]): CheckedAction[] | undefined {
    const actions: CheckedAction[] = [];
    for (const { actionId } of jobs) {
      if (actions.at(-1)?.id === actionId) continue;
      const action = this.#actions.get(actionId);
      if (action === undefined) return undefined;
      if (!actions.includes(action)) actions.push(action);
    }
    return actions;
  }

  /** Without those that the store has lost. */
  async #read(jobs: readonly ClaimedJob[]): Promise<CheckedAction[]> {
    const ids = new Set(jobs.map(({ actionId }) => actionId));
    for (const id of ids) {
      if (this.#actions.has(id)) continue;
      const action = await this.#store.getAction(id);
      if (action !== undefined) this.learn(action);
    }
    return [...ids].flatMap((id) => this.#actions.get(id) ?? []);
  }
}

/** Whether a host has died under it. */
function isSuspect({ interruptions }: ClaimedJob): boolean {
  return interruptions > 0;
}
