/** Schedules jobs, runs some of them, and notes each that was accepted. Arguments: store, notes, durability, how many. */
import { appendFileSync } from "node:fs";

import { MyJobs, type OpenOptions } from "../../src/index.js";

const [store, notes, durability, count] = process.argv.slice(2);
const myjobs = await MyJobs.open({
  store: store!,
  durability: durability as NonNullable<OpenOptions["durability"]>,
});
await myjobs.workerStart();
for (let nr = 0; nr < Number(count); nr += 1) {
  // In kwargs of all sizes, so that commits are of all sizes, too.
  const text = "x".repeat((nr * 977) % 9_000);
  const job = await myjobs.schedule(
    ({ text }: { text: string }) => text.length,
    {
      text,
    },
  );
  appendFileSync(notes!, `${String(job.id)}\n`);
}
await myjobs.stop();
