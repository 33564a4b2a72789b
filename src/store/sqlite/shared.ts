import type BetterSqlite3 from "better-sqlite3";

import type { Committer } from "./committer.js";
import type { HostTable } from "./hosts.js";
import type { WorkerTable } from "./workers.js";

/** What the parts of one store have in common. */
export interface Shared {
  db: BetterSqlite3.Database;
  committer: Committer;
  hosts: HostTable;
  workers: WorkerTable;
  /** Epoch milliseconds. */
  now: () => number;
}
