import { lives, type ProcessName } from "../../src/processes.js";
import type { Host } from "./cluster.js";
import type { Model } from "./model.js";
import { isLive, type Record, type WorkerRow } from "./record.js";

/** Keeps in mind who was there, and tells the model of the hosts that are lost, by whatever way. */
export class Losses {
  readonly #model: Model;
  readonly #record: Record;
  /** Ids of hosts by their pids, which they lose with their rows. */
  readonly #hostIds = new Map<number, number>();
  /** By their pids. */
  readonly #children = new Map<number, ProcessName>();
  /** Programs in windows that were killed. */
  readonly #closed = new Set<number>();

  constructor(model: Model, record: Record) {
    this.#model = model;
    this.#record = record;
  }

  /** All processes that were seen. */
  get pids(): number[] {
    return [...this.#hostIds.keys(), ...this.#children.keys()];
  }

  /** Children of hosts that are still there. */
  get left(): number[] {
    const left = [...this.#children.values()].filter(lives);
    return left.map(({ pid }) => pid);
  }

  idOf({ pid }: Host): number | undefined {
    return this.#hostIds.get(pid);
  }

  /** Workers that have a process. */
  workers(): WorkerRow[] {
    return this.#record.workers().filter((row) => isLive(row) && row.pid > 0);
  }

  look(hosts: readonly Host[]): void {
    for (const [pid, id] of this.#record.hosts()) this.#hostIds.set(pid, id);
    for (const { pid, pidStart } of this.workers())
      this.#children.set(pid, { pid, pidStart });
    const killed = hosts.filter(({ killed }) => killed);
    const traces = this.#record.traces();
    const shot = traces.filter(({ what }) => what === "shoot");
    const pids = [...killed, ...shot].map(({ pid }) => pid);
    for (const pid of [...pids, ...this.#closed]) {
      const id = this.#hostIds.get(pid);
      if (id !== undefined) this.#model.lostHosts.add(id);
    }
  }

  /** The program in a window is about to be killed. */
  closing(program: number): void {
    this.#closed.add(program);
  }

  /** A host is about to stop without grace, and with it those in the windows that it keeps. */
  stopping(host: Host): void {
    const id = this.idOf(host);
    if (id === undefined) return;
    const kept = this.#record.kept().filter((one) => one.host === id);
    const numbers = kept.map(({ nr }) => nr);
    const rows = this.#record
      .workers()
      .filter(({ nr }) => numbers.includes(nr));
    for (const one of [id, ...rows.map(({ host }) => host)])
      this.#model.lostHosts.add(one);
  }
}
