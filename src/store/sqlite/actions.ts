import type BetterSqlite3 from "better-sqlite3";

import type { ActionRecord, NewAction } from "../../models/action.js";
import type { ActionFilter } from "../store.js";

/** The table of actions. */
export class ActionTable {
  readonly #insert;
  readonly #byKey;
  readonly #byId;
  readonly #find;

  constructor(db: BetterSqlite3.Database) {
    this.#insert = db.prepare<NewAction>(
      `insert into myjobs_action (key, code, methodname, actorname, origin)
       values (@key, @code, @methodname, @actorname, @origin) on conflict (key) do nothing`,
    );
    this.#byKey = db.prepare<[string], ActionRecord>(
      "select * from myjobs_action where key = ?",
    );
    this.#byId = db.prepare<[number], ActionRecord>(
      "select * from myjobs_action where id = ?",
    );
    this.#find = db.prepare<[string | null, string | null], ActionRecord>(
      "select * from myjobs_action where key = ifnull(?, key) and methodname = ifnull(?, methodname) order by id",
    );
  }

  put(action: NewAction): ActionRecord {
    this.#insert.run(action);
    return this.#byKey.get(action.key)!;
  }

  get(id: number): ActionRecord | undefined {
    return this.#byId.get(id);
  }

  find(filter: ActionFilter): ActionRecord[] {
    return this.#find.all(filter.key ?? null, filter.methodname ?? null);
  }
}
