import { EventEmitter } from "node:events";

import { Logger, makeWorkerUtils, run } from "graphile-worker";

import { measure } from "./measure.mjs";

const connectionString = process.env.BENCH_POSTGRES;
const logger = new Logger(() => () => undefined);
const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();
const events = new EventEmitter();
// It keeps no results: what is awaited is the end.
const runner = await run({
  connectionString,
  logger,
  events,
  noHandleSignals: true,
  concurrency: 2 * 50,
  pollInterval: 2_000,
  maxPoolSize: 10,
  taskList: { add: ({ a, b }) => void (a + b) },
  preset: {
    worker: {
      concurrentJobs: 100,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    },
  },
});
let ended = 0;
let due = Infinity;
let done;
events.on("job:complete", () => {
  ended += 1;
  if (ended >= due) done();
});
const until = (nr) =>
  new Promise((resolve) => {
    due = nr;
    done = resolve;
    if (ended >= due) resolve();
  });
let asked = 0;
const many = async (all) => {
  asked += all.length;
  const finished = until(asked);
  for (let from = 0; from < all.length; from += 500)
    await utils.addJobs(
      all
        .slice(from, from + 500)
        .map((payload) => ({ identifier: "add", payload })),
    );
  await finished;
};
await measure({
  one: (payload) => many([payload]),
  many,
  stop: async () => {
    await runner.stop();
    await utils.release();
  },
});
