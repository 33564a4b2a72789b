/**
 * How soon a job that is scheduled in one process starts in another, and its end is heard of; and what
 * hosts cost that have nothing to do. Usage: tsx test/bench/hosts.ts [rounds] [idle seconds]
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { MyJobs } from "../../src/index.js";

const [rounds = 300, idleSeconds = 20] = process.argv.slice(2).map(Number);
const program = path.resolve("dist/cli/main.js");
/** Of the kernel's clock, in which processes are charged: see proc(5). */
const ticksPerSecond = 100;

const clock = (): number => performance.timeOrigin + performance.now();

/** Hosts of one worker each, as built: a loader's own costs would count. */
async function startHosts(store: string, nr: number): Promise<ChildProcess[]> {
  const args = ["worker", "--store", store, "--nr-max", "1", "--quiet"];
  const hosts = Array.from({ length: nr }, () =>
    spawn(process.execPath, [program, ...args], {
      stdio: ["ignore", "ignore", "pipe"],
    }),
  );
  for (const host of hosts)
    await new Promise((resolve) => host.stderr.once("data", resolve));
  return hosts;
}

async function stopHosts(hosts: readonly ChildProcess[]): Promise<void> {
  for (const host of hosts) {
    host.kill("SIGTERM");
    await new Promise((resolve) => host.once("exit", resolve));
  }
}

async function measureLatency(store: string): Promise<[number[], number[]]> {
  const myjobs = await MyJobs.open({ store });
  const starts: number[] = [];
  const ends: number[] = [];
  for (let round = -20; round < rounds; round += 1) {
    // Each from rest.
    await new Promise((resolve) => setTimeout(resolve, 30));
    const scheduled = clock();
    const job = await myjobs.schedule(
      (_: object) => performance.timeOrigin + performance.now(),
    );
    const ran = (await job.wait()).result!;
    if (round < 0) continue;
    starts.push(ran - scheduled);
    ends.push(clock() - ran);
  }
  await myjobs.stop();
  return [starts, ends];
}

interface Cost {
  host: number;
  child: number;
  written: number;
}

async function measureIdle(
  hosts: readonly ChildProcess[],
  store: string,
): Promise<{ costs: Cost[]; touched: boolean }> {
  const look = (): { costs: Cost[]; log: number } => ({
    costs: hosts.map(({ pid }) => ({
      host: ticks(pid!),
      child: Math.max(...childrenOf(pid!).map(ticks)),
      written: writtenBy(pid!),
    })),
    log: statSync(`${store}-wal`).mtimeMs,
  });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const before = look();
  await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1_000));
  const after = look();
  const part = (used: number): number =>
    (100 * used) / ticksPerSecond / idleSeconds;
  return {
    touched: before.log !== after.log,
    costs: after.costs.map(({ host, child, written }, index) => ({
      host: part(host - before.costs[index]!.host),
      child: part(child - before.costs[index]!.child),
      written: written - before.costs[index]!.written,
    })),
  };
}

function ticks(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

function writtenBy(pid: number): number {
  const io = readFileSync(`/proc/${String(pid)}/io`, "utf8");
  return Number(/^write_bytes: (\d+)$/m.exec(io)?.[1]);
}

function childrenOf(pid: number): number[] {
  const table = execFileSync("ps", ["--ppid", String(pid), "-o", "pid="]);
  return table.toString().split("\n").filter(Boolean).map(Number);
}

function percentile(values: readonly number[], part: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  return `${sorted[Math.floor(part * (sorted.length - 1))]!.toFixed(1)} ms`;
}

execFileSync("npm", ["run", "build"], { stdio: "ignore" });
for (const nr of [1, 4]) {
  const folder = mkdtempSync(path.join(tmpdir(), "myjobs bench "));
  const store = path.join(folder, "jobs.db");
  const hosts = await startHosts(store, nr);
  const [starts, ends] = await measureLatency(store);
  const { costs, touched } = await measureIdle(hosts, store);
  await stopHosts(hosts);
  rmSync(folder, { recursive: true });
  const median = (values: number[]): string =>
    values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!.toFixed(2);
  console.log(`${String(nr)} host(s) with an idle worker each`);
  console.table({
    "schedule to start elsewhere": {
      p50: percentile(starts, 0.5),
      p99: percentile(starts, 0.99),
    },
    "end to being heard of": {
      p50: percentile(ends, 0.5),
      p99: percentile(ends, 0.99),
    },
  });
  console.log(
    `idle: host ${median(costs.map(({ host }) => host))} % of a core, child ${median(costs.map(({ child }) => child))} %, ` +
      `bytes written ${String(costs.reduce((sum, { written }) => sum + written, 0))}, log ${touched ? "touched" : "untouched"}`,
  );
}
