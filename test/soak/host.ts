/** Schedules jobs without end, runs them, and notes each that was accepted. Arguments: store, log, notes, first value. */
import { appendFileSync } from "node:fs";

import { MyJobs } from "../../src/index.js";
import { act, type Kind } from "../chaos/task.js";

const [store, log, notes, first] = process.argv.slice(2);
const kinds: Kind[] = [
  ...Array.from({ length: 30 }, (): Kind => "ok"),
  ...(["nap", "throw", "large", "spin"] as const),
];
/** So many jobs wait at most. */
const most = 100;

const myjobs = await MyJobs.open({
  store: store!,
  killGrace: 50,
  workerTimeout: 300,
});
myjobs.on("error", (error) => {
  console.error(String(process.pid), error);
});
void myjobs.workersSubprocessStart({ nrFixed: 2 });
for (let value = Number(first); ; value += 20) {
  const tasks = Array.from({ length: 20 }, (_, nr) => ({
    kind: kinds[Math.floor(Math.random() * kinds.length)]!,
    value: value + nr,
    ms: 20,
    log: log!,
  }));
  const jobs = await myjobs.scheduleMany(act, tasks);
  const ids = jobs.map(({ id }) => `${String(id)}\n`);
  appendFileSync(notes!, ids.join(""));
  while ((await myjobs.jobs.count({ state: "NEW" })) > most)
    await new Promise((resolve) => setTimeout(resolve, 20));
}
