import Database from "better-sqlite3";

import { isStopped } from "../../src/processes.js";
import { until } from "./until.js";

/** Stops a host with a signal, at a moment at which it does not hold the store's lock: else nobody could do a thing. */
export async function freeze(pid: number, store: string): Promise<void> {
  await until("it is stopped, and the store is free", async () => {
    process.kill(pid, "SIGSTOP");
    await until("it is stopped", () => isStopped(pid));
    if (isWritable(store)) return true;
    process.kill(pid, "SIGCONT");
    return false;
  });
}

function isWritable(store: string): boolean {
  const db = new Database(store, { timeout: 0 });
  try {
    db.exec("begin immediate; rollback");
    return true;
  } catch {
    return false;
  } finally {
    db.close();
  }
}
