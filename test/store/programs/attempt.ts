/** Opens stores as a user who may not write everywhere; prints how each attempt went, as a line of JSON. */
import Database from "better-sqlite3";

import { StoreError } from "../../../src/errors.js";
import { openStore } from "../../../src/store/open.js";

const nobody = 65_534;
const [user, ...files] = process.argv.slice(2);
// Loads the native part while its files can be read.
new Database(":memory:").close();
if (user === "nobody" && process.getuid!() === 0) {
  process.setgroups!([]);
  process.setgid!(nobody);
  process.setuid!(nobody);
}
for (const file of files) {
  try {
    const store = await openStore(file, "full", Date.now);
    await store.close();
    console.log(JSON.stringify("opened"));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const { fault, store, message } = error;
    console.log(JSON.stringify({ fault, store, message }));
  }
}
