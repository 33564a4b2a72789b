/**
 * How soon a pool of one worker grows for a burst of jobs: 200 of 50 ms, at most 8 workers, beside other
 * pools. Usage: npm run bench -- burst [rounds]
 */
import { execFileSync } from "node:child_process";
import path from "node:path";

import { build, index, inFolder } from "./built.js";
import { machine, median, print } from "./figures.js";
import { installPeers, peersFolder } from "./installed.js";

const rounds = Number(process.argv[2] ?? 3);
const burst = { jobs: 200, ms: 50, most: 8 };
const names = ["myjobs", "workerpool", "tinypool", "poolifier"];

interface Run {
  makespan: number;
  /** When each worker began its first job. */
  starts: number[];
}

build();
installPeers();
const runs = new Map<string, Run[]>(names.map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1)
  for (const [name, all] of runs) all.push(await run(name));
print(
  `A burst of ${String(burst.jobs)} jobs of ${String(burst.ms)} ms on one worker, at most ${String(burst.most)}; medians of ${String(rounds)} rounds, ms; ideal with all up: ${String((burst.jobs * burst.ms) / burst.most)}; ${machine()}`,
  [...runs].map(([name, all]) => ({
    pool: name,
    workers: median(all.map(({ starts }) => starts.length)),
    "all at work after": median(all.map(({ starts }) => starts.at(-1) ?? NaN)),
    makespan: median(all.map(({ makespan }) => makespan)),
  })),
);

function run(name: string): Promise<Run> {
  return inFolder((folder) => {
    const args = [name, burst.jobs, burst.ms, burst.most].map(String);
    const output = execFileSync(
      process.execPath,
      [path.join(peersFolder, "burst.mjs"), ...args],
      {
        encoding: "utf8",
        timeout: 120_000,
        env: { ...process.env, BENCH_INDEX: index, BENCH_FOLDER: folder },
      },
    );
    const last = output.trim().split("\n").at(-1) ?? "";
    return Promise.resolve(JSON.parse(last) as Run);
  });
}
