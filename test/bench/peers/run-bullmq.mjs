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
await measure({
  one: async (kwargs) => {
    const { id } = await queue.add("add", kwargs);
    if (early.has(id)) {
      const result = early.get(id);
      early.delete(id);
      return result;
    }
    return new Promise((resolve) => waiting.set(id, resolve));
  },
  stop: async () => {
    for (const worker of workers) await worker.close();
    await queue.close();
  },
});
