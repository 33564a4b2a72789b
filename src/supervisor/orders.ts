import type { Store } from "../store/store.js";
import type { Dispatcher } from "./dispatcher.js";

/** Carries out what other processes asked of this one: jobs to cancel, workers to halt or kill. */
export async function obey(
  store: Pick<Store, "orders">,
  dispatcher: Dispatcher,
): Promise<void> {
  const { cancelled, halted, killed } = await store.orders();
  for (const id of cancelled) dispatcher.cancel(id);
  for (const worker of [...dispatcher.pool.workers.values()]) {
    const { id } = worker.settings;
    if (killed.includes(id)) worker.kill();
    else if (halted.includes(id)) worker.halt();
  }
}
