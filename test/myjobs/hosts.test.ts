import { readFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "@jest/globals";
import Database from "better-sqlite3";

import type { MyJobs } from "../../src/index.js";
import { Host } from "../support/host.js";
import { reopen, temporaryFolder } from "../support/instance.js";
import { until } from "../support/until.js";

const size = 500;
const batches = 80;

interface Batch {
  log: string;
  size: number;
  dependencies: number[];
  /** How long each of them takes, in milliseconds. */
  ms: number;
}

/** The ids of its first and its last job. */
type Ends = [first: number, last: number];

/** Stores jobs, each of which writes its run into the log. */
async function schedule(
  myjobs: MyJobs,
  { log, size, dependencies, ms }: Batch,
): Promise<Ends> {
  const jobs = await myjobs.scheduleMany(
    ({ log, ms }: { log: string; ms: number }, context) => {
      const { appendFileSync } =
        context.require<typeof import("node:fs")>("node:fs");
      const { id, attempt } = context.job;
      // In append mode lines stay whole, and stand in the order in which they were written.
      appendFileSync(log, `${[id, attempt, process.pid].join(" ")}\n`);
      const begun = performance.now();
      while (performance.now() - begun < ms);
    },
    Array.from({ length: size }, () => ({ log, ms })),
    { dependencies },
  );
  return [jobs[0]!.id, jobs.at(-1)!.id];
}

/** The numbers and pids of its workers, as a host itself knows them. */
function ownWorkers(myjobs: MyJobs): [nr: number, pid: number][] {
  return [...myjobs.workers.values()].map(({ nr, pid }) => [nr, pid]);
}

async function join(store: string): Promise<Host> {
  const host = await Host.start({ store });
  await host.do(
    (myjobs) => myjobs.workersSubprocessStart({ nrFixed: 1 }),
    null,
  );
  return host;
}

/** Jobs that other hosts schedule and run, with all that they could do to each other. */
class Service {
  readonly store: string;
  readonly log: string;
  readonly hosts: Host[] = [];
  /** What was stored for sure, in the order of storing, and what each batch waited for. */
  readonly stored: { ends: Ends; dependencies: number[] }[] = [];
  #samples = 0;
  #latest = new Map<Host, Ends>();

  constructor(folder: string) {
    this.store = path.join(folder, "jobs.db");
    this.log = path.join(folder, "runs.log");
  }

  async join(nr: number): Promise<void> {
    const joining = Array.from({ length: nr }, () => join(this.store));
    this.hosts.push(...(await Promise.all(joining)));
  }

  /** Each host stores a batch; most depend on what another one has stored in the round before. */
  async round(): Promise<void> {
    const before = [...this.#latest];
    const left = batches - this.stored.length;
    const storing = this.hosts.slice(0, left).map(async (host) => {
      const others = before.filter(([other]) => other !== host);
      const batch = this.#batch(others.flatMap(([, ends]) => ends));
      const ends = await host.do(schedule, batch);
      this.#latest.set(host, ends);
      this.stored.push({ ends, dependencies: batch.dependencies });
    });
    await Promise.all(storing);
  }

  /** Stops one for good, in the middle of its work. */
  async leave(host: Host): Promise<void> {
    this.#forget(host);
    await host.stop();
  }

  /** Kills one that runs jobs and is just storing some. */
  async kill(host: Host): Promise<void> {
    this.#forget(host);
    // Else it might have run what it has, and the others all else, whenever it is looked at.
    const slow = { ...this.#batch([]), ms: 2 };
    const ends = await host.do(schedule, slow);
    this.stored.push({ ends, dependencies: [] });
    const stored = host.do(schedule, this.#batch([])).then(
      (ends) => this.stored.push({ ends, dependencies: [] }),
      () => undefined,
    );
    await until("it holds jobs", () => {
      host.program.child.kill("SIGSTOP");
      if (this.count("state = 'RUNNING' and host = ?", this.id(host)) > 0)
        return true;
      host.program.child.kill("SIGCONT");
      return false;
    });
    await host.kill();
    await stored;
    expect(host.faults).toEqual([]);
  }

  /** At any time a number is one worker's; and a host's worker is the one in the store. */
  async sample(watch: MyJobs): Promise<void> {
    const asked = [...this.hosts];
    const live = { state: ["NEW", "WAITING", "BUSY"] as const };
    const workers = await watch.workersFind(live);
    distinct(workers.map(({ nr }) => nr));
    distinct(workers.map(({ pid }) => pid).filter((pid) => pid !== 0));
    const own = await Promise.all(asked.map((host) => host.do(ownWorkers, 0)));
    distinct(own.flat().map(([nr]) => nr));
    this.#samples += 1;
  }

  get samples(): number {
    return this.#samples;
  }

  id(host: Host): number {
    return this.#query<{ id: number }>(
      `select id from myjobs_host where pid = ${String(host.pid)}`,
    )[0]!.id;
  }

  count(where: string, ...values: unknown[]): number {
    const sql = `select count(*) as nr from myjobs_job where ${where}`;
    return this.#query<{ nr: number }>(sql, ...values)[0]!.nr;
  }

  attempts(): Map<number, number> {
    const rows = this.#query<{ id: number; attempt: number }>(
      "select id, attempt from myjobs_job",
    );
    return new Map(rows.map(({ id, attempt }) => [id, attempt]));
  }

  /** By job, in the order in which they ran. */
  runs(): Map<number, { attempt: number; pid: number; line: number }[]> {
    const runs = new Map<
      number,
      { attempt: number; pid: number; line: number }[]
    >();
    const lines = readFileSync(this.log, "utf8").trimEnd().split("\n");
    for (const [line, words] of lines.entries()) {
      const [id, attempt, pid] = words.split(" ").map(Number);
      const of = runs.get(id!) ?? [];
      runs.set(id!, of);
      of.push({ attempt: attempt!, pid: pid!, line });
    }
    return runs;
  }

  #batch(dependencies: number[]): Batch {
    return { log: this.log, size, dependencies, ms: 0 };
  }

  #forget(host: Host): void {
    this.hosts.splice(this.hosts.indexOf(host), 1);
  }

  #query<Row>(sql: string, ...values: unknown[]): Row[] {
    const db = new Database(this.store, { readonly: true });
    try {
      return db.prepare<unknown[], Row>(sql).all(...values);
    } finally {
      db.close();
    }
  }
}

function distinct(values: readonly number[]): void {
  expect([...new Set(values)]).toEqual(values);
}

test("40,000 jobs of many hosts, of which one joins, one stops and one is killed in the middle, all end OK; none is lost, and none runs twice but what the killed one held", async () => {
  const service = new Service(temporaryFolder());
  const watch = await reopen({ store: service.store });
  await service.join(4);
  const [, stops, dies] = service.hosts;
  const [[, doomed]] = (await dies!.do(ownWorkers, 0)) as [[number, number]];
  const events = new Map<number, () => Promise<void>>([
    [4, () => service.leave(stops!)],
    [8, () => service.kill(dies!)],
    [12, () => service.join(1)],
  ]);
  for (let round = 0; service.stored.length < batches; round += 1) {
    await Promise.all([events.get(round)?.(), service.sample(watch)]);
    await service.round();
  }
  let resting = false;
  const drained = watch.drain().finally(() => (resting = true));
  const sampled = async (): Promise<boolean> => {
    await service.sample(watch);
    return resting;
  };
  await until("all jobs have ended", sampled, 90_000);
  await drained;
  expect(service.samples).toBeGreaterThan(batches / 4);
  expect(service.hosts).toHaveLength(3);

  const own = await Promise.all(
    service.hosts.map((host) => host.do(ownWorkers, 0)),
  );
  const known = await watch.workersFind({ state: "WAITING" });
  expect(own.flat().sort(([a], [b]) => a - b)).toEqual(
    known.map(({ nr, pid }) => [nr, pid]),
  );
  await Promise.all(service.hosts.map((host) => host.stop()));

  const all = service.attempts();
  const sure = service.stored.flatMap(({ ends: [first, last] }) =>
    Array.from({ length: last - first + 1 }, (_, nr) => first + nr),
  );
  expect(sure).toHaveLength(batches * size);
  distinct(sure);
  expect(sure.filter((id) => !all.has(id))).toEqual([]);
  // What it was storing as it was killed is there as a whole or not at all.
  expect([0, size]).toContain(all.size - sure.length);
  expect(service.count("state = 'OK' and error_cat = 'NA'")).toBe(all.size);
  expect(service.count("time_start = 0 or time_stop < time_start")).toBe(0);

  const runs = service.runs();
  expect(runs.size).toBe(all.size);
  const odd = [...runs].filter(([id, of]) => {
    const last = all.get(id)!;
    const [first, second] = of.map(({ attempt }) => attempt);
    if (last === 1) return of.length !== 1 || first !== 1;
    // Its first run was on the host that was killed, if it has come so far.
    if (of.length === 1) return last !== 2 || first !== 2;
    const cause = of[0]!.pid === doomed && of[1]!.pid !== doomed;
    return (
      last !== 2 || of.length !== 2 || first !== 1 || second !== 2 || !cause
    );
  });
  expect(odd).toEqual([]);
  const again = [...all.values()].filter((attempt) => attempt === 2).length;
  expect(again).toBeGreaterThan(0);
  expect(again).toBe(service.count("interruptions = 1"));

  const early = service.stored.flatMap(({ ends, dependencies }) => {
    const begun = Math.min(...ends.map((id) => runs.get(id)![0]!.line));
    return dependencies.filter((id) => runs.get(id)!.at(-1)!.line > begun);
  });
  expect(early).toEqual([]);
}, 120_000);
