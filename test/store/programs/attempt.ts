/** Opens stores as a user who may not write everywhere; prints how each attempt went, as a line of JSON. */
import { StoreError } from "../../../src/errors.js";
import { openStore } from "../../../src/store/open.js";
import { becomeNobody } from "./nobody.js";

const [user, ...files] = process.argv.slice(2);
if (user === "nobody") becomeNobody();
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
