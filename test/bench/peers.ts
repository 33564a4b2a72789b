/**
 * Durable, isolated jobs beside job queues and beside pools that keep nothing: the same jobs, 2 workers each.
 * Usage: npm run bench -- peers [jobs] [rounds]. Installs them into their own folder at the first run.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

import { build, index, inFolder } from "./built.js";
import { machine, median, print, quantile, type Row } from "./figures.js";
import { installPeers, peersFolder } from "./installed.js";
import { type Server, startPostgres, startRedis } from "./servers.js";

interface Peer {
  what: string;
  program: string;
  durable: string;
  isolated: string;
  env?: Record<string, string>;
  server?: "redis" | "postgres";
}

interface Measured {
  rate: number;
  times: number[];
  /** Milliseconds for 100,000. */
  stored?: number;
}

const peers: Peer[] = [
  ...(["full", "normal"] as const).map((durability) => ({
    what: `myjobs (${durability})`,
    program: "run-myjobs.mjs",
    durable: durability === "full" ? "yes, power loss" : "yes, process death",
    isolated: "yes",
    env: { BENCH_DURABILITY: durability },
  })),
  {
    what: "myjobs, scheduleMany (full)",
    program: "run-myjobs.mjs",
    durable: "yes, power loss",
    isolated: "yes",
    env: { BENCH_DURABILITY: "full", BENCH_MANY: "1" },
  },
  {
    what: "BullMQ, in-process",
    program: "run-bullmq.mjs",
    durable: "Redis, no fsync",
    isolated: "no",
    server: "redis",
  },
  {
    what: "BullMQ, in-process, addBulk",
    program: "run-bullmq.mjs",
    durable: "Redis, no fsync",
    isolated: "no",
    server: "redis",
    env: { BENCH_MANY: "1" },
  },
  {
    what: "BullMQ, sandboxed",
    program: "run-bullmq.mjs",
    durable: "Redis, no fsync",
    isolated: "yes",
    server: "redis",
    env: { BENCH_SANDBOXED: "1" },
  },
  {
    what: "graphile-worker, batched",
    program: "run-graphile-worker.mjs",
    durable: "yes, power loss",
    isolated: "no",
    server: "postgres",
  },
  {
    what: "plainjob",
    program: "run-plainjob.mjs",
    durable: "yes, process death",
    isolated: "no",
  },
  {
    what: "plainjob, addMany",
    program: "run-plainjob.mjs",
    durable: "yes, process death",
    isolated: "no",
    env: { BENCH_MANY: "1" },
  },
  {
    what: "workerpool, processes",
    program: "run-workerpool.mjs",
    durable: "no",
    isolated: "yes",
  },
  {
    what: "tinypool, processes",
    program: "run-tinypool.mjs",
    durable: "no",
    isolated: "yes",
  },
];

async function comparePeers(jobs: number, rounds: number): Promise<void> {
  build();
  installPeers();
  await inFolder(async (servers) => {
    const redis = await startRedis(servers);
    const postgres = await startPostgres(servers);
    const measured = new Map<Peer, Measured[]>();
    try {
      for (let round = 0; round < rounds; round += 1) {
        for (const peer of peers) {
          const server = peer.server && { redis, postgres }[peer.server];
          if (server !== undefined && "missing" in server) continue;
          const all = measured.get(peer) ?? [];
          measured.set(peer, all);
          all.push(await measurePeer(peer, jobs, server?.env ?? {}));
        }
      }
    } finally {
      for (const server of [redis, postgres])
        if ("stop" in server) await server.stop();
    }
    print(
      `${jobs.toLocaleString("en-US")} no-op jobs scheduled, run and awaited, 2 workers; medians of ${String(rounds)} rounds; ${machine()}`,
      peers.map((peer) => row(peer, measured.get(peer), { redis, postgres })),
    );
    for (const [{ what }, all] of measured) {
      const stored = all.flatMap(({ stored }) => stored ?? []);
      if (stored.length > 0)
        print(`100,000 jobs stored by scheduleMany, ${what}`, [
          { "": what, ms: median(stored), "jobs/s": 1e8 / median(stored) },
        ]);
    }
  });
}

function row(
  { what, durable, isolated, server }: Peer,
  all: readonly Measured[] | undefined,
  servers: Record<"redis" | "postgres", Server>,
): Row {
  const facts = { what, durable, "own process": isolated };
  if (all === undefined) {
    const state = server && servers[server];
    const why =
      state !== undefined && "missing" in state ? state.missing : "failed";
    return { ...facts, "jobs/s": `not measured: ${why}` };
  }
  const times = all.flatMap((one) => one.times);
  return {
    ...facts,
    "jobs/s": median(all.map(({ rate }) => rate)),
    "alone, p50 ms": median(times),
    "p99 ms": quantile(times, 0.99),
  };
}

function measurePeer(
  { program, env, what }: Peer,
  jobs: number,
  more: Record<string, string>,
): Promise<Measured> {
  return inFolder(async (own) => {
    const child = spawn(
      process.execPath,
      [path.join(peersFolder, program), String(jobs)],
      {
        stdio: ["ignore", "pipe", "inherit"],
        env: {
          ...process.env,
          ...env,
          ...more,
          BENCH_INDEX: index,
          BENCH_FOLDER: own,
        },
      },
    );
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const limit = setTimeout(() => child.kill("SIGKILL"), 180_000);
    const [code] = (await once(child, "close")) as [number | null];
    clearTimeout(limit);
    if (code !== 0) throw new Error(`${what} failed`);
    return JSON.parse(output.trim().split("\n").at(-1) ?? "") as Measured;
  });
}

const [jobs = 200_000, rounds = 3] = process.argv.slice(2).map(Number);
await comparePeers(jobs, rounds);
