// A host that serves HTTP, and schedules so many jobs a second beside it. Tells each second how late its loop is.
import { statSync } from "node:fs";
import { createServer } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";

const [index, store, durability, rate, seconds] = process.argv.slice(2);
const size = (file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

const server = createServer((_request, response) => {
  response.end(JSON.stringify({ now: Date.now() }));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

let myjobs;
let scheduled = 0;
let ended = 0;
if (Number(rate) > 0) {
  const { MyJobs } = await import(index);
  myjobs = await MyJobs.open({ store, durability });
  myjobs.on("ended", () => (ended += 1));
  await myjobs.workersSubprocessStart({ nrFixed: 2 });
}
const noop = ({ nr }) => nr;
const begun = performance.now();
const feed = setInterval(() => {
  // What cannot be stored so fast does not pile up for ever.
  const due = ((performance.now() - begun) / 1_000) * Number(rate);
  for (; scheduled < due && scheduled - ended < 4_000; scheduled += 1)
    void myjobs.schedule(noop, { nr: scheduled });
}, 5);
if (myjobs === undefined) clearInterval(feed);

console.log(JSON.stringify({ port: server.address().port }));
// The first second warms up.
await new Promise((resolve) => setTimeout(resolve, 1_000));
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const endedBefore = ended;
const wal = [];
for (let second = 0; second < Number(seconds); second += 1) {
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  wal.push(size(`${store}-wal`) / 1024 ** 2);
}
delay.disable();
console.log(
  JSON.stringify({
    rate: (ended - endedBefore) / Number(seconds),
    p50: delay.percentile(50) / 1e6,
    p99: delay.percentile(99) / 1e6,
    most: delay.max / 1e6,
    wal,
  }),
);
clearInterval(feed);
server.closeAllConnections();
server.close();
await myjobs?.stop({ timeout: 10_000 });
