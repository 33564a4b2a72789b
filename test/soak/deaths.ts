import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { MyJobs } from "../../src/index.js";
import { processStart } from "../../src/processes.js";
import { loader } from "../chaos/cluster.js";
import { Record as StoreRecord } from "../chaos/record.js";
import { until } from "../support/until.js";
import { randomFrom } from "./random.js";

export interface Deaths {
  hosts: number;
  accepted: number;
  /** How many jobs ended in which way. */
  ends: Record<string, number>;
  /** Milliseconds, at most: until the children of a dead host were gone, and until its jobs were settled. */
  gone: number;
  settled: number;
  wrong: string[];
}

interface Host {
  child: ChildProcess;
  exit: Promise<unknown>;
}

/**
 * Kills hosts at random moments: one of two that share a store, time after time, and now and then both,
 * so that the next open finds what they left. Then lets all jobs end, and looks at what became of them.
 */
export async function killHosts(rounds: number, seed: number): Promise<Deaths> {
  const folder = mkdtempSync(path.join(tmpdir(), "myjobs soak '"));
  const soak = new Soak(folder, seed);
  try {
    for (let round = 1; round <= rounds; round += 1) {
      await soak.killOne();
      if (round % 8 === 0) await soak.killAll();
    }
    return await soak.end();
  } finally {
    await soak.clean();
    rmSync(folder, { recursive: true });
  }
}

/** A zombie that nobody has collected yet is gone, too. */
function isAlive(pid: number): boolean {
  return processStart(pid) !== "";
}

class Soak {
  readonly #folder: string;
  readonly #random: () => number;
  readonly #hosts: Host[] = [];
  #record: StoreRecord | undefined;
  #values = 0;
  readonly #found: Deaths = {
    hosts: 0,
    accepted: 0,
    ends: {},
    gone: 0,
    settled: 0,
    wrong: [],
  };

  constructor(folder: string, seed: number) {
    this.#folder = folder;
    this.#random = randomFrom(seed);
  }

  /** One of two, at a random moment of its life; the other settles what it leaves. */
  async killOne(): Promise<void> {
    while (this.#hosts.length < 2) this.#start();
    await this.#look();
    await this.#pause(2_000);
    const [host] = this.#hosts.splice(Math.floor(2 * this.#random()), 1);
    const record = await this.#recorded();
    const { pid } = host!.child;
    const id = record.hosts().get(pid!);
    await this.#kill(host!);
    if (id === undefined) return;
    const begun = performance.now();
    const others = this.#hosts.map(({ child }) => child.pid).join();
    await until(
      `the jobs of host ${String(id)} (${String(pid)}) are settled by ${others}`,
      () => this.#isSettled(id),
    );
    this.#found.settled = Math.max(
      this.#found.settled,
      performance.now() - begun,
    );
  }

  /** The next open settles all of it, before anybody can claim. */
  async killAll(): Promise<void> {
    const record = await this.#recorded();
    const ids = [...record.hosts().values()];
    await Promise.all(this.#hosts.splice(0).map((host) => this.#kill(host)));
    const myjobs = await MyJobs.open({ store: this.#store });
    for (const id of ids)
      if (!this.#isSettled(id))
        this.#found.wrong.push(`host ${String(id)} is not settled by open`);
    await myjobs.stop();
  }

  async end(): Promise<Deaths> {
    await this.killAll();
    const record = await this.#recorded();
    const last = await MyJobs.open({
      store: this.#store,
      killGrace: 50,
      workerTimeout: 300,
    });
    await last.workersSubprocessStart({ nrFixed: 2 });
    await until("all jobs have ended", () => record.unended() === 0, 60_000);
    await last.stop();
    this.#judge(record);
    const pids = record.traces().map(({ pid }) => pid);
    await until("no process is left", () => !pids.some(isAlive));
    const locks = readdirSync(this.#folder).filter((name) =>
      name.includes("-host-"),
    );
    if (locks.length > 0) this.#found.wrong.push(`left: ${locks.join()}`);
    return this.#found;
  }

  async clean(): Promise<void> {
    for (const { child } of this.#hosts) child.kill("SIGKILL");
    await Promise.all(this.#hosts.map(({ exit }) => exit));
    this.#record?.close();
  }

  get #store(): string {
    return path.join(this.#folder, "jobs.db");
  }

  #start(): void {
    const files = ["jobs.db", "log", "notes"].map((name) =>
      path.join(this.#folder, name),
    );
    const value = String((this.#values += 1_000_000));
    const args = ["--import", loader, "test/soak/host.ts", ...files, value];
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "ignore", "inherit"],
    });
    this.#hosts.push({ child, exit: once(child, "exit") });
  }

  async #recorded(): Promise<StoreRecord> {
    if (this.#record !== undefined) return this.#record;
    await until("there is a store", () => existsSync(this.#store));
    await (await MyJobs.open({ store: this.#store })).stop();
    this.#record = new StoreRecord(this.#store, path.join(this.#folder, "log"));
    return this.#record;
  }

  /** A host that ends before it is killed has failed. */
  async #look(): Promise<void> {
    await this.#recorded();
    for (const { child } of this.#hosts)
      if (child.exitCode !== null)
        throw new Error(`a host ended with ${String(child.exitCode)}`);
  }

  async #kill({ child, exit }: Host): Promise<void> {
    const id = this.#record?.hosts().get(child.pid!);
    const children = this.#record
      ?.workers()
      .filter(({ host, pid }) => host === id && pid > 0)
      .map(({ pid }) => pid);
    const begun = performance.now();
    child.kill("SIGKILL");
    await exit;
    this.#found.hosts += 1;
    await until(
      "its children are gone",
      () => children?.some(isAlive) !== true,
    );
    this.#found.gone = Math.max(this.#found.gone, performance.now() - begun);
  }

  /** Not by reading all jobs, which after many rounds would take as long as the deadline. */
  #isSettled(id: number): boolean {
    return this.#record!.heldBy(id) === 0;
  }

  async #pause(most: number): Promise<void> {
    const pause = most * this.#random();
    await new Promise((resolve) => setTimeout(resolve, pause));
  }

  #judge(record: StoreRecord): void {
    const { wrong, ends } = this.#found;
    const jobs = record.jobs();
    const there = new Set(jobs.map(({ id }) => id));
    const notes = readFileSync(path.join(this.#folder, "notes"), "utf8");
    const accepted = notes.split("\n").filter(Boolean).map(Number);
    this.#found.accepted = accepted.length;
    for (const id of accepted)
      if (!there.has(id)) wrong.push(`job ${String(id)} is lost`);
    for (const { id, state, errorCat, interruptions } of jobs) {
      const end = state === "OK" ? "OK" : errorCat;
      ends[end] = (ends[end] ?? 0) + 1;
      if (errorCat === "CRASH" && interruptions !== 4)
        wrong.push(`job ${String(id)} ended CRASH`);
    }
    const ended = new Set<number>();
    for (const { job, became } of record.moves()) {
      if (became === "NEW" || became === "RUNNING") continue;
      if (ended.has(job)) wrong.push(`job ${String(job)} ended twice`);
      ended.add(job);
    }
    const runs = new Set<string>();
    for (const { what, job, attempt } of record.traces()) {
      const run = `${String(job)}/${String(attempt)}`;
      if (what === "start" && runs.has(run)) wrong.push(`${run} ran twice`);
      if (what === "start") runs.add(run);
    }
  }
}
