// A burst on a pool that has one worker and may have more: when each worker began, and how long all took.
import path from "node:path";
import { fileURLToPath } from "node:url";

const [peer, jobs, ms, most] = process.argv.slice(2);
const beside = (name) => fileURLToPath(new URL(`./${name}`, import.meta.url));

const pools = {
  myjobs: async () => {
    const { MyJobs } = await import(process.env.BENCH_INDEX);
    const store = path.join(process.env.BENCH_FOLDER, "jobs.db");
    const myjobs = await MyJobs.open({ store, nrMin: 1, nrMax: Number(most) });
    await myjobs.workersSubprocessStart();
    const nap = ({ ms }) => {
      const started = Date.now();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
      return { pid: process.pid, started };
    };
    return {
      run: async (kwargs) => {
        const job = await myjobs.schedule(nap, kwargs);
        await job.wait();
        return job.result;
      },
      stop: () => myjobs.stop(),
    };
  },
  workerpool: async () => {
    const { default: workerpool } = await import("workerpool");
    const pool = workerpool.pool(beside("workerpool-child.mjs"), {
      workerType: "process",
      minWorkers: 1,
      maxWorkers: Number(most),
    });
    return {
      run: (kwargs) => pool.exec("nap", [kwargs]),
      stop: () => pool.terminate(),
    };
  },
  tinypool: async () => {
    const { default: Tinypool } = await import("tinypool");
    const pool = new Tinypool({
      filename: beside("tinypool-child.mjs"),
      runtime: "child_process",
      minThreads: 1,
      maxThreads: Number(most),
    });
    return { run: (kwargs) => pool.run(kwargs), stop: () => pool.destroy() };
  },
  poolifier: async () => {
    const { DynamicClusterPool } = await import("poolifier");
    const pool = new DynamicClusterPool(
      1,
      Number(most),
      beside("poolifier-child.cjs"),
      { enableTasksQueue: true, tasksQueueOptions: { concurrency: 1 } },
    );
    return {
      run: (kwargs) => pool.execute(kwargs),
      stop: () => pool.destroy(),
    };
  },
};

const { run, stop } = await pools[peer]();
// All have one worker that is up.
await run({ ms: 1 });
await new Promise((resolve) => setTimeout(resolve, 300));
const begun = Date.now();
const ends = await Promise.all(
  Array.from({ length: Number(jobs) }, () => run({ ms: Number(ms) })),
);
const makespan = Date.now() - begun;
const firsts = new Map();
for (const { pid, started } of ends)
  firsts.set(pid, Math.min(firsts.get(pid) ?? Infinity, started - begun));
const starts = [...firsts.values()].sort((a, b) => a - b);
console.log(JSON.stringify({ makespan, starts }));
await stop();
process.exit(0);
