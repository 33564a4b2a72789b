import type { Store } from "../store/store.js";
import type { Dispatcher } from "./dispatcher.js";

/** Carries out what other processes asked of this one: jobs to cancel, workers to halt. */
export async function obey(
  store: Pick<Store, "cancelledJobs" | "findWorkers">,
  dispatcher: Dispatcher,
): Promise<void> {
  for (const id of await store.cancelledJobs()) dispatcher.cancel(id);
  for (const { halt, nr, id } of await store.findWorkers({})) {
    const worker = dispatcher.pool.workers.get(nr);
    if (halt && worker?.settings.id === id) worker.halt();
  }
}
