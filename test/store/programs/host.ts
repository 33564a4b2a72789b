/** A host that takes jobs and holds them: prints what it has, then waits for its stdin to end, and closes. */
import { processStart } from "../../../src/processes.js";
import { openStore } from "../../../src/store/open.js";

const [file, limit] = process.argv.slice(2);
const store = await openStore(file!, "normal", Date.now);
const worker = await store.registerWorker({
  type: "subprocess",
  timeout: 0,
  debug: false,
});
const { id, nr, host } = worker!;
const pidStart = processStart(process.pid);
await store.updateWorker(id, { state: "WAITING", pid: process.pid, pidStart });
const { jobs } = (await store.claimJobs({ id, nr }, Number(limit), undefined))!;
console.log(
  JSON.stringify({ host, nr, pidStart, jobs: jobs.map((job) => job.id) }),
);
process.stdin.resume().on("end", () => void store.close());
