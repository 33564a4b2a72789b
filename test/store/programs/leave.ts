/**
 * Opens a store twice, as a user who may not write everywhere; when it is told that the folder is read-only, rescues
 * and closes. Prints how that went, and how many descriptors of locks are left, as lines of JSON.
 */
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";

import { StoreError } from "../../../src/errors.js";
import { openStore } from "../../../src/store/open.js";
import { becomeNobody } from "./nobody.js";

function say(value: unknown): void {
  console.log(JSON.stringify(value));
}

async function attempt(what: Promise<unknown>): Promise<void> {
  say(
    await what.then(
      () => "done",
      (cause: unknown) => {
        if (!(cause instanceof StoreError)) return String(cause);
        return { fault: cause.fault, store: cause.store };
      },
    ),
  );
}

/** Of open locks, removed or not. */
function locks(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes("-host-");
    } catch {
      return false; // that by which the folder was read
    }
  }).length;
}

becomeNobody();
const file = process.argv[2]!;
const store = await openStore(file, "full", Date.now);
const other = await openStore(file, "full", Date.now);
const worker = await other.registerWorker({
  type: "inprocess",
  timeout: 0,
  debug: false,
});
say(locks() > 0);
await once(process.stdin, "data");
await attempt((async () => store.rescue([worker!.host]))());
await attempt(other.close());
await attempt(store.close());
say(locks());
process.stdin.destroy();
