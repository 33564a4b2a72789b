/**
 * What a host costs that has nothing to do: open, with a pool of one worker, alone on its store and
 * with three like it. Builds the package first and runs that, since a loader would have costs of its
 * own. Linux only: processor time and writes are the kernel's own count. Usage: npx tsx
 * test/bench/idle.ts [seconds]
 */
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

const program = `
import { MyJobs } from ${JSON.stringify(pathToFileURL(path.resolve("dist/index.js")).href)};
const myjobs = await MyJobs.open({ store: process.argv[2] });
await myjobs.workersSubprocessStart({ nrMin: 1 });
process.once("disconnect", () => void myjobs.stop());
process.send([...myjobs.workers.values()][0].pid);
`;

interface Host {
  process: ChildProcess;
  /** Its own pid, and its worker's. */
  pids: [number, number];
}

interface Count {
  /** Milliseconds of a processor: hosts, and their workers. */
  cpu: [number, number];
  /** Bytes given to the kernel to write, those through pipes too, and bytes that reached a disk. */
  given: number;
  stored: number;
  /** What the store's files look like. */
  files: string;
}

async function start(file: string, store: string): Promise<Host> {
  const host = fork(file, [store], { execArgv: [] });
  const [worker] = (await once(host, "message")) as [number];
  return { process: host, pids: [host.pid!, worker] };
}

function count(hosts: readonly Host[], store: string): Count {
  const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
  const all = hosts.flatMap(({ pids }) => pids);
  const written = (field: string): number =>
    sum(all.map((pid) => bytes(pid, field)));
  const files = ["", "-wal"].map((suffix) => {
    const { size, mtimeMs } = statSync(store + suffix);
    return [size, mtimeMs].join();
  });
  return {
    cpu: [
      sum(hosts.map(({ pids }) => busy(pids[0]))),
      sum(hosts.map(({ pids }) => busy(pids[1]))),
    ],
    given: written("wchar"),
    stored: written("write_bytes"),
    files: files.join(" "),
  };
}

/** Milliseconds that all threads of a process have run, to the nanosecond. */
function busy(pid: number): number {
  const tasks = `/proc/${String(pid)}/task`;
  return readdirSync(tasks)
    .map((task) => readFileSync(`${tasks}/${task}/schedstat`, "utf8"))
    .reduce((total, stat) => total + Number(stat.split(" ")[0]) / 1e6, 0);
}

function bytes(pid: number, field: string): number {
  const io = readFileSync(`/proc/${String(pid)}/io`, "utf8");
  return Number(new RegExp(`^${field}: (\\d+)$`, "m").exec(io)?.[1]);
}

async function measure(nr: number, seconds: number): Promise<object> {
  const folder = mkdtempSync(path.join(tmpdir(), "myjobs-bench-"));
  const store = path.join(folder, "jobs.db");
  const file = path.join(folder, "host.mjs");
  writeFileSync(file, program);
  const hosts: Host[] = [];
  for (let one = 0; one < nr; one += 1) hosts.push(await start(file, store));
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, ms));
  await pause(3_000); // what begins runs on a little
  const before = count(hosts, store);
  const begun = performance.now();
  await pause(1_000 * seconds);
  const after = count(hosts, store);
  const share = (at: 0 | 1): string => {
    const busy = after.cpu[at] - before.cpu[at];
    return `${((100 * busy) / (performance.now() - begun) / nr).toFixed(3)} %`;
  };
  const row = {
    hosts: nr,
    "of a core, each host": share(0),
    "each worker": share(1),
    "bytes given to write": after.given - before.given,
    "bytes stored": after.stored - before.stored,
    "files untouched": after.files === before.files,
  };
  for (const { process } of hosts) {
    process.disconnect();
    await once(process, "exit");
  }
  rmSync(folder, { recursive: true });
  return row;
}

const seconds = Number(process.argv[2] ?? 20);
execFileSync("npm", ["run", "build"], { stdio: "ignore" });
const rows: object[] = [];
for (const nr of [1, 4]) rows.push(await measure(nr, seconds));
console.log(
  `${String(seconds)} s each, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}`,
);
console.table(rows);
