/**
 * Whether jobs hold up a host that serves HTTP: how late its event loop is and how long its requests take,
 * with and without 2,000 jobs a second, on this disk and on one whose fsync takes 20 ms; and how large the
 * write-ahead log becomes. Usage: npm run bench -- loop [seconds] [seconds for the log]
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import path from "node:path";
import { createInterface } from "node:readline";

import { build, index, inFolder, program } from "./built.js";
import { machine, median, print, quantile, type Row } from "./figures.js";

interface Condition {
  what: string;
  durability: "full" | "normal";
  /** Jobs a second. */
  rate: number;
  slow: boolean;
}

interface Measured {
  rate: number;
  p50: number;
  p99: number;
  most: number;
  /** MiB, each second. */
  wal: number[];
  /** Milliseconds. */
  requests: number[];
}

const [seconds = 10, walSeconds = 120] = process.argv.slice(2).map(Number);
const rounds = 3;
const rate = 2_000;

const conditions: Condition[] = [
  { what: "no jobs", durability: "full", rate: 0, slow: false },
  { what: "full", durability: "full", rate, slow: false },
  { what: "normal", durability: "normal", rate, slow: false },
  { what: "full, fsync 20 ms", durability: "full", rate, slow: true },
  { what: "normal, fsync 20 ms", durability: "normal", rate, slow: true },
];

build();
await inFolder(async (folder) => {
  const shim = path.join(folder, "slow-fsync.so");
  execFileSync("gcc", [
    "-shared",
    "-fPIC",
    "-O2",
    "-o",
    shim,
    program("slow-fsync.c"),
  ]);
  const measured = new Map<Condition, Measured[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const condition of conditions) {
      const all = measured.get(condition) ?? [];
      measured.set(condition, all);
      all.push(await measure(condition, seconds, shim));
    }
  }
  const base = median(measured.get(conditions[0]!)!.map(({ p99 }) => p99));
  print(
    `A host with 500 requests/s and ${String(rate)} jobs/s asked for, 2 workers; medians of ${String(rounds)} rounds of ${String(seconds)} s, ms; ${machine()}`,
    [...measured].map(([{ what }, all]): Row => {
      const of = (pick: (one: Measured) => number): number =>
        median(all.map(pick));
      return {
        host: what,
        "jobs/s": of((one) => one.rate),
        "loop p50": of((one) => one.p50),
        "loop p99": of((one) => one.p99),
        "p99 above no jobs": of((one) => one.p99) - base,
        "loop most": of((one) => one.most),
        "request p50": of((one) => median(one.requests)),
        "request p99": of((one) => quantile(one.requests, 0.99)),
        "WAL most, MiB": of((one) => Math.max(...one.wal)),
      };
    }),
  );
  const { wal } = await measure(conditions[1]!, walSeconds, shim);
  const parts = 8;
  print(
    `Write-ahead log in MiB over ${String(walSeconds)} s of ${String(rate)} jobs/s, full`,
    [
      Object.fromEntries([
        ["after", "MiB"],
        ...Array.from({ length: parts }, (_, nr): [string, number] => {
          const second = Math.round((walSeconds * (nr + 1)) / parts);
          return [`${String(second)} s`, wal[second - 1] ?? NaN];
        }),
        ["most", Math.max(...wal)],
      ]) as Row,
    ],
  );
});

async function measure(
  { durability, rate, slow }: Condition,
  seconds: number,
  shim: string,
): Promise<Measured> {
  return inFolder(async (folder) => {
    const store = path.join(folder, "jobs.db");
    const args = [index, store, durability, String(rate), String(seconds)];
    const host = spawn(process.execPath, [program("web.mjs"), ...args], {
      stdio: ["ignore", "pipe", "inherit"],
      env: slow
        ? { ...process.env, LD_PRELOAD: shim, SLOW_FSYNC_US: "20000" }
        : process.env,
    });
    const exited = once(host, "exit");
    const lines = createInterface({ input: host.stdout });
    const requests: number[] = [];
    let result: Omit<Measured, "requests"> | undefined;
    let asking: NodeJS.Timeout | undefined;
    const agent = new Agent({ keepAlive: true, maxSockets: 50 });
    for await (const line of lines) {
      const told = JSON.parse(line) as
        { port: number } | Omit<Measured, "requests">;
      if ("port" in told)
        asking = setInterval(() => {
          ask(told.port, agent, requests);
        }, 2);
      else {
        clearInterval(asking);
        result = told;
      }
    }
    await exited;
    agent.destroy();
    if (result === undefined) throw new Error("the host told nothing");
    return { ...result, requests };
  });
}

function ask(port: number, agent: Agent, requests: number[]): void {
  const begun = performance.now();
  get({ port, agent, host: "127.0.0.1" }, (response) => {
    response.resume().on("end", () => {
      requests.push(performance.now() - begun);
    });
  }).on("error", () => undefined); // it has just ended
}
