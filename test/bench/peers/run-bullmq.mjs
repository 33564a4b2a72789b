import { fileURLToPath } from "node:url";

import { Queue, Worker } from "bullmq";

import { measure } from "./measure.mjs";

const connection = {
  host: "127.0.0.1",
  port: Number(process.env.BENCH_PORT),
  maxRetriesPerRequest: null,
};
const queue = new Queue("add", { connection });
const sandboxed = process.env.BENCH_SANDBOXED === "1";
const workers = sandboxed
  ? [
      new Worker(
        "add",
        fileURLToPath(new URL("./sandboxed.mjs", import.meta.url)),
        { connection, concurrency: 2 },
      ),
    ]
  : [0, 1].map(
      () =>
        new Worker("add", async ({ data: { a, b } }) => a + b, {
          connection,
          concurrency: 50,
        }),
    );
// The fastest way to hear of a result: in the process of the worker. One may come before its id is known.
const waiting = new Map();
const early = new Map();
for (const worker of workers) {
  await worker.waitUntilReady();
  worker.on("completed", ({ id }, result) => {
    if (waiting.has(id)) waiting.get(id)(result);
    else early.set(id, result);
    waiting.delete(id);
  });
}
const result = ({ id }) => {
  if (!early.has(id))
    return new Promise((resolve) => {
      waiting.set(id, resolve);
    });
  const known = early.get(id);
  early.delete(id);
  return known;
};
// Each list is one transaction of Redis.
const size = 1_000;

await measure({
  one: async (kwargs) => result(await queue.add("add", kwargs)),
  ...(process.env.BENCH_MANY && {
    many: async (all) => {
      const results = [];
      for (let from = 0; from < all.length; from += size) {
        const some = all.slice(from, from + size);
        const jobs = some.map((data) => ({ name: "add", data }));
        results.push(...(await queue.addBulk(jobs)).map(result));
      }
      return Promise.all(results);
    },
  }),
  stop: async () => {
    for (const worker of workers) await worker.close();
    await queue.close();
  },
});
