import type {
  ClaimedJob,
  JobPlan,
  JobRecord,
  JobState,
  NewJob,
} from "../../../src/models/job.js";
import type { WorkerRecord } from "../../../src/models/worker.js";
import type {
  Attempt,
  Claimant,
  NewWorker,
  Store,
} from "../../../src/store/store.js";

/** Where one store lies while a test runs; nothing is there at first. */
export interface Ground {
  /** Opens the store as one more host. `now` is the host's clock. */
  open(now?: () => number): Promise<Store>;
  /** Makes a host look to the others as if its process had died. */
  lose(host: number): void | Promise<void>;
}

/** The hosts of the test that runs; those that are still open are closed after it. */
export type Hosts = Ground;

export const failure = {
  errorCat: "ERROR",
  error: { name: "Error", message: "no", stack: "Error: no" },
  timeStart: 1_000,
  timeStop: 2_000,
} as const;

export type JobChanges = Partial<JobPlan & Omit<NewJob, "plan">>;

export function newJob({
  actionId = 1,
  kwargs = "{}",
  ...plan
}: JobChanges = {}): NewJob {
  const standard = { name: "", category: "", timeout: 0, die: true };
  return {
    plan: { ...standard, dependencies: [], ...plan },
    actionId,
    kwargs,
  };
}

/** Stores jobs, in one operation; gives their ids. */
export async function schedule(
  store: Store,
  ...jobs: JobChanges[]
): Promise<number[]> {
  const { ids } = await store.insertJobs(jobs.map(newJob));
  return [...ids];
}

export async function scheduleOne(
  store: Store,
  job: JobChanges = {},
): Promise<number> {
  const [id] = await schedule(store, job);
  return id!;
}

/** Registers a worker, which is idle then. */
export async function worker(
  store: Store,
  changes: Partial<NewWorker> = {},
): Promise<WorkerRecord & Claimant> {
  const record = await store.registerWorker({
    type: "inprocess",
    timeout: 0,
    debug: false,
    ...changes,
  });
  await store.updateWorker(record!.id, { state: "WAITING" });
  return { ...record!, state: "WAITING" };
}

/** Takes jobs for a worker that lives. */
export async function claimSome(
  store: Store,
  ...args: Parameters<Store["claimJobs"]>
): Promise<ClaimedJob[]> {
  const claim = await store.claimJobs(...args);
  if (claim === undefined) throw new Error("the worker was refused");
  return claim.jobs;
}

/** Takes the next job for a worker, and gives what an end of it must name. */
export async function claim(store: Store, by: Claimant): Promise<Attempt> {
  const [job] = await claimSome(store, by, 1, undefined);
  return { id: job!.id, worker: by.nr, attempt: job!.attempt };
}

/** Schedules a job, takes it and ends it OK; gives its id. */
export async function finished(
  store: Store,
  result = '"done"',
): Promise<number> {
  const id = await scheduleOne(store, { category: "finished" });
  const held = await claimIn(store, "finished");
  await finish(store, held, result);
  return id;
}

/** Schedules a job, takes it and ends it ERROR; gives its id. */
export async function failed(store: Store): Promise<number> {
  const id = await scheduleOne(store, { category: "failed" });
  await store.failJob({ ...(await claimIn(store, "failed")), ...failure });
  return id;
}

export async function finish(
  store: Store,
  held: Attempt,
  result = "null",
): Promise<"ok" | "stale"> {
  const end = { ...held, result, timeStart: 1_000, timeStop: 2_000 };
  const { accepted } = await store.finishJobs([end]);
  return accepted[0] === true ? "ok" : "stale";
}

export async function job(store: Store, id: number): Promise<JobRecord> {
  const [record] = await store.getJobs([id]);
  return record!;
}

/** The states of jobs, in the order of the ids given. */
export async function states(
  store: Store,
  ids: readonly number[],
): Promise<JobState[]> {
  const records = await store.getJobs(ids);
  return ids.map((id) => records.find((one) => one.id === id)!.state);
}

async function claimIn(store: Store, category: string): Promise<Attempt> {
  const by = await worker(store);
  const [taken] = await claimSome(store, by, 1, [category]);
  await store.updateWorker(by.id, { state: "HALTED", currentJob: null });
  return { id: taken!.id, worker: by.nr, attempt: taken!.attempt };
}
