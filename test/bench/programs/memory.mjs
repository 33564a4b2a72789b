// Runs many jobs, and tells after each ten thousand what host and children hold.
import { readFileSync } from "node:fs";

const [index, store, jobs] = process.argv.slice(2);
const { MyJobs } = await import(index);
const rss = (pid) =>
  Number(
    /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1],
  ) / 1024;

const myjobs = await MyJobs.open({ store });
await myjobs.workersSubprocessStart({ nrFixed: 2 });
const noop = ({ nr }) => nr;
for (let done = 0; done < Number(jobs); done += 10_000) {
  await Promise.all(
    Array.from({ length: 10_000 }, async (_, nr) => {
      const job = await myjobs.schedule(noop, { nr });
      await job.wait();
    }),
  );
  globalThis.gc();
  const children = [...myjobs.workers.values()].map(({ pid }) => rss(pid));
  const heap = process.memoryUsage().heapUsed / 1024 ** 2;
  console.log(
    JSON.stringify({
      jobs: done + 10_000,
      heap,
      host: rss(process.pid),
      children,
    }),
  );
}
await myjobs.stop();
