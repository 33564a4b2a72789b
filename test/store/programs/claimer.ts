/** A host that waits for the word, opens the store, ends OK all the jobs that it can get, and prints their ids. */
import { once } from "node:events";

import { openStore } from "../../../src/store/open.js";

console.log("ready");
await once(process.stdin, "data");
process.stdin.destroy();
const store = await openStore(process.argv[2]!, "normal", Date.now);
const worker = await store.registerWorker({
  type: "inprocess",
  timeout: 0,
  debug: false,
});
const { id, nr } = worker!;
const taken: number[] = [];
for (;;) {
  const { jobs } = (await store.claimJobs({ id, nr }, 2, undefined))!;
  if (jobs.length === 0) break;
  for (const { id, attempt } of jobs) {
    const result = String(process.pid);
    const times = { timeStart: 1, timeStop: 2 };
    const end = { id, attempt, worker: nr, result, ...times };
    const { accepted } = await store.finishJobs([end]);
    if (accepted[0] === true) taken.push(id);
  }
}
await store.close();
console.log(JSON.stringify(taken));
