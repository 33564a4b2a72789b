import path from "node:path";

import { measure } from "./measure.mjs";

const { BENCH_INDEX, BENCH_FOLDER, BENCH_DURABILITY, BENCH_MANY } = process.env;
const { MyJobs } = await import(BENCH_INDEX);
const myjobs = await MyJobs.open({
  store: path.join(BENCH_FOLDER, "jobs.db"),
  durability: BENCH_DURABILITY,
});
await myjobs.workersSubprocessStart({ nrFixed: 2 });
const add = ({ a, b }) => a + b;

await measure({
  one: (kwargs) => myjobs.schedule(add, kwargs, { wait: true }),
  resultOf: ({ result }) => result,
  ...(BENCH_MANY && {
    many: async (all) => myjobs.wait(await myjobs.scheduleMany(add, all)),
  }),
  more: {
    // Alone: no worker takes them meanwhile.
    stored: async () => {
      const store = path.join(BENCH_FOLDER, "stored.db");
      const other = await MyJobs.open({ store, durability: BENCH_DURABILITY });
      const all = Array.from({ length: 100_000 }, (_, nr) => ({ a: nr, b: 1 }));
      const begun = performance.now();
      await other.scheduleMany(add, all);
      const took = performance.now() - begun;
      await other.stop();
      return took;
    },
  },
  stop: () => myjobs.stop(),
});
