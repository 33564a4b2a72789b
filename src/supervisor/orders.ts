import type { Store } from "../store/store.js";
import type { Dispatcher } from "./dispatcher.js";

/** Carries out what other processes asked of this one: jobs to cancel, workers to halt, kill or replace, whether all is well. */
export async function obey(
  store: Pick<Store, "orders" | "checks">,
  dispatcher: Dispatcher,
): Promise<void> {
  // Not those that come while it is looked up.
  const own = [...dispatcher.pool.workers.values()].filter(({ open }) => open);
  const { cancelled, workers, known, asked } = await store.orders();
  for (const id of cancelled) dispatcher.cancel(id);
  for (const { id, order } of workers) {
    const worker = dispatcher.pool.workers.get(id);
    if (order === "halt") worker?.halt();
    else if (order === "replace") worker?.replace();
    else worker?.kill(order === "requeue");
  }
  for (const worker of own)
    if (worker.open && !known.includes(worker.settings.id)) worker.replace();
  if (!asked) return;
  await dispatcher.pool.watchdog.check();
  await store.checks.answer();
}
