import { StoreError } from "../errors.js";
import type { GivenDatabase } from "../options.js";
import { connect } from "./sqlite/connection.js";
import { SqliteStore } from "./sqlite/sqlite.js";
import type { Store } from "./store.js";

/** Opens the kind of store that the option names, as a new host on it. */
export async function openStore(
  store: string | GivenDatabase,
  durability: "full" | "normal",
  now: () => number,
): Promise<Store> {
  if (typeof store === "string" && /^postgres(ql)?:\/\//.test(store)) {
    throw new StoreError(
      "open a Postgres store: this version of myjobs has none yet, only SQLite",
      "unsupported",
      "postgres",
    );
  }
  return SqliteStore.open(await connect(store, durability), now);
}
