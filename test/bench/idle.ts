/**
 * What a host costs that has nothing to do: open, with a pool of one worker, alone on its store and
 * with three like it. Builds the package first and runs that, since a loader would have costs of its
 * own. Linux only: processor time and writes are the kernel's own count. Usage:
 * npm run bench -- idle [seconds]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { build, index, inFolder } from "./built.js";
import { machine, print, type Row, sleep } from "./figures.js";

const program = `
import { MyJobs } from ${JSON.stringify(pathToFileURL(index).href)};
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

async function measure(
  folder: string,
  nr: number,
  seconds: number,
): Promise<Row> {
  const store = path.join(folder, "jobs.db");
  const file = path.join(folder, "host.mjs");
  writeFileSync(file, program);
  const hosts: Host[] = [];
  for (let one = 0; one < nr; one += 1) hosts.push(await start(file, store));
  await sleep(3_000); // what begins runs on a little
  const before = count(hosts, store);
  const begun = performance.now();
  await sleep(1_000 * seconds);
  const after = count(hosts, store);
  const share = (at: 0 | 1): number => {
    const busy = after.cpu[at] - before.cpu[at];
    return (100 * busy) / (performance.now() - begun) / nr;
  };
  const row = {
    hosts: nr,
    "each host, % of a core": share(0),
    "each worker": share(1),
    "bytes given to write": after.given - before.given,
    "bytes stored": after.stored - before.stored,
    "files untouched": after.files === before.files ? "yes" : "no",
  };
  for (const { process } of hosts) {
    process.disconnect();
    await once(process, "exit");
  }
  return row;
}

const seconds = Number(process.argv[2] ?? 20);
build();
const rows: Row[] = [];
for (const nr of [1, 4])
  rows.push(await inFolder((folder) => measure(folder, nr, seconds)));
print(`${String(seconds)} s each; ${machine()}`, rows);
