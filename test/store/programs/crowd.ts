/** A host that stores, claims, ends and releases very many jobs at once, and prints what came and went in the folder for temporary files. */
import { watch, writeFileSync } from "node:fs";
import path from "node:path";

import type { ClaimedJob } from "../../../src/models/job.js";
import { openStore } from "../../../src/store/open.js";
import { finish, newJob, worker } from "../suite/ground.js";

const [store, temporary] = process.argv.slice(2) as [string, string];
const opened = await openStore(store, "normal", Date.now);
const held = await worker(opened);
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
/** A page for each: sixteen of them are more than SQLite keeps in memory. */
const kwargs = JSON.stringify({ text: "x".repeat(3_000) });
const many = (count: number, dependencies: number[] = []) =>
  Array.from({ length: count }, () => newJob({ kwargs, dependencies }));
await opened.insertJobs(many(1_000));
const { id, nr } = held;
const jobs: ClaimedJob[] = [];
while (jobs.length < 1_000) {
  const claim = await opened.claimJobs({ id, nr }, 1_000, undefined);
  jobs.push(...claim!.jobs);
}
const end = { worker: nr, result: "1", timeStart: 1, timeStop: 2 };
const { accepted } = await opened.finishJobs(
  jobs.map(({ id, attempt }) => ({ id, attempt, ...end })),
);
const { ids } = await opened.insertJobs(many(1));
await opened.insertJobs(many(500, [...ids]));
const [first] = (await opened.claimJobs({ id, nr }, 1, undefined))!.jobs;
await finish(opened, { ...first!, worker: nr });
const released = await opened.countReady(undefined, 1_000);
await opened.close();
// What happened before it has been told by then.
writeFileSync(path.join(temporary, last), "");
await all;
const ended = accepted.filter(Boolean).length;
console.log(JSON.stringify({ ended, released, seen: [...seen] }));
