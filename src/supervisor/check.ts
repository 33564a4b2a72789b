import { monotonic, setImmediate, sleep } from "../clock.js";
import { liveStates, type WorkerRecord } from "../models/worker.js";
import type { PoolWorker } from "../pool/worker.js";
import { isStopped, lives } from "../processes.js";
import type { HostProcess } from "../store/neighbours.js";
import type { Store } from "../store/store.js";
import type { Dispatcher } from "./dispatcher.js";
import type { Keeper } from "./keeper.js";
import type { Rescuer } from "./rescuer.js";

/** A host answers when it has asked after its own workers, after at most two rounds of 5 s. In milliseconds. */
const answerLimit = 15_000;
/** Between two looks for answers, in milliseconds. */
const pause = 25;

export interface CheckPort {
  store: Store;
  dispatcher: Dispatcher;
  keeper: Keeper;
  rescuer: Rescuer;
}

/** Asks after every worker of the store; resolves, when those to be replaced are, to the ones found dead or frozen. */
export async function checkWorkers({
  store,
  dispatcher,
  keeper,
  rescuer,
}: CheckPort): Promise<WorkerRecord[]> {
  const { pool } = dispatcher;
  const before = await store.findWorkers({ state: liveStates });
  await rescuer.settle();
  const [own, hosts] = await Promise.all([
    pool.watchdog.check(),
    silentHosts(store),
  ]);
  for (const worker of await resting(store, hosts))
    await store.checks.freeze(worker.id, "frozen: its host does not answer");
  const failed = await store.findWorkers({ state: "ERROR" });
  for (const worker of failed) await keeper.kill(worker);
  await Promise.all(own.map(({ died }) => died));
  await new Promise((resolve) => setImmediate(resolve));
  await Promise.all([pool.ready(), keeper.look()]);
  const told = new Set(failed.map(({ id }) => id));
  const others = before.filter(({ id }) => !told.has(id));
  return [...failed, ...others.flatMap((record) => frozen(record, own))];
}

/** The workers of these hosts, but for the busy ones. */
async function resting(
  store: Store,
  hosts: readonly HostProcess[],
): Promise<WorkerRecord[]> {
  const ids = hosts.map(({ id }) => id);
  const resting = await store.findWorkers({ state: ["NEW", "WAITING"] });
  return resting.filter(({ host }) => ids.includes(host));
}

/** The record of a worker that its own host has just given up. */
function frozen(
  record: WorkerRecord,
  own: readonly PoolWorker[],
): WorkerRecord[] {
  const worker = own.find(({ settings }) => settings.id === record.id);
  if (worker === undefined) return [];
  return [{ ...record, state: "ERROR", error: worker.error }];
}

/** Those of the other hosts that live, and do nothing. */
async function silentHosts(store: Store): Promise<HostProcess[]> {
  await store.checks.ask();
  const begun = monotonic();
  for (;;) {
    const silent = await store.checks.silent();
    const waiting = silent.filter(
      (host) => !isStopped(host.pid) || !lives(host),
    );
    if (waiting.length === 0 || monotonic() - begun > answerLimit)
      return silent;
    await sleep(pause);
  }
}
