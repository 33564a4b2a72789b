import { createRequire } from "node:module";
import path from "node:path";

import { better, defineQueue, defineWorker } from "plainjob";

import { measure } from "./measure.mjs";

// The library's own copy.
const require = createRequire(process.env.BENCH_INDEX);
const Database = require("better-sqlite3");
const silent = { error() {}, warn() {}, info() {}, debug() {} };
const file = path.join(process.env.BENCH_FOLDER, "plainjob.db");
const queue = defineQueue({
  connection: better(new Database(file)),
  logger: silent,
});
const results = new Map();
const waiting = new Map();
const workers = [0, 1].map(() =>
  defineWorker(
    "add",
    (job) => {
      const { a, b } = JSON.parse(job.data);
      results.set(job.id, a + b);
    },
    {
      queue,
      logger: silent,
      pollIntervall: 1,
      onCompleted: ({ id }) => {
        waiting.get(id)?.(results.get(id));
        waiting.delete(id);
        results.delete(id);
      },
    },
  ),
);
for (const worker of workers) worker.start();

const result = (id) =>
  new Promise((resolve) => {
    waiting.set(id, resolve);
  });

await measure({
  one: (kwargs) => result(queue.add("add", kwargs).id),
  ...(process.env.BENCH_MANY && {
    many: (all) => Promise.all(queue.addMany("add", all).ids.map(result)),
  }),
  stop: () => Promise.all(workers.map((worker) => worker.stop())),
});
