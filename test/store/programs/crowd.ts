/** A host that stores, claims and ends a thousand jobs at once, and prints what came and went in the folder for temporary files. */
import { watch, writeFileSync } from "node:fs";
import path from "node:path";

import { openStore } from "../../../src/store/open.js";
import { newJob, worker } from "../suite/ground.js";

const [store, temporary] = process.argv.slice(2) as [string, string];
const opened = await openStore(store, "normal", Date.now);
const { id, nr } = await worker(opened);
const seen = new Set<string>();
const last = "the last";
const all = new Promise<void>((resolve) => {
  const watcher = watch(temporary, (_, name) => {
    seen.add(name ?? "");
    if (name !== last) return;
    watcher.close();
    resolve();
  });
});
await opened.insertJobs(Array.from({ length: 1_000 }, () => newJob()));
const jobs = await opened.claimJobs({ id, nr, idle: true }, 1_000, undefined);
const end = { worker: nr, result: "1", timeStart: 1, timeStop: 2 };
const { accepted } = await opened.finishJobs(
  jobs.map(({ id, attempt }) => ({ id, attempt, ...end })),
);
await opened.close();
// What happened before it has been told by then.
writeFileSync(path.join(temporary, last), "");
await all;
console.log(
  JSON.stringify({ ended: accepted.filter(Boolean).length, seen: [...seen] }),
);
