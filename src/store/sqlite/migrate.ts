import type BetterSqlite3 from "better-sqlite3";

import { StoreError } from "../../errors.js";
import { migrations } from "./migrations.js";

/** Throws if the store is newer than this code. Changes nothing. */
export function refuseNewer(
  db: BetterSqlite3.Database,
  store: string,
  steps: readonly string[] = migrations,
): void {
  const found = version(db);
  if (found <= steps.length) return;
  throw new StoreError(
    `open ${store || ":memory:"}: its schema is version ${String(found)}, this myjobs knows up to ${String(steps.length)}`,
    "newer-schema",
    store,
  );
}

/** Brings the tables up to date, in one transaction; a store that is newer than this code is left alone. */
export function migrate(
  db: BetterSqlite3.Database,
  store: string,
  steps: readonly string[] = migrations,
): void {
  if (version(db) === steps.length) return;
  db.exec("begin immediate");
  const restore = permit(db);
  try {
    db.exec(
      "create table if not exists myjobs_schema (version integer not null) strict",
    );
    refuseNewer(db, store, steps);
    for (const step of steps.slice(version(db))) db.exec(step);
    db.exec("delete from myjobs_schema");
    db.prepare("insert into myjobs_schema (version) values (?)").run(
      steps.length,
    );
    db.exec("commit");
  } catch (cause) {
    if (db.inTransaction) db.exec("rollback");
    throw cause;
  } finally {
    restore();
  }
}

/** Steps may change in place what a table checks, as SQLite advises to, since a copy may be large. Gives what ends that. */
function permit(db: BetterSqlite3.Database): () => void {
  const writable = "writable_schema";
  db.pragma(`${writable} = on`);
  // Then it had no effect; else the owner of a given Database has permitted it.
  const defensive = Number(db.pragma(writable, { simple: true })) === 0;
  if (defensive) db.unsafeMode(true);
  return () => {
    db.pragma(`${writable} = off`);
    if (defensive) db.unsafeMode(false);
  };
}

/** 0 = no store yet. */
function version(db: BetterSqlite3.Database): number {
  const known = db
    .prepare("select 1 from sqlite_schema where name = 'myjobs_schema'")
    .get();
  if (known === undefined) return 0;
  const row = db
    .prepare<[], { version: number }>("select version from myjobs_schema")
    .get();
  return row?.version ?? 0;
}
