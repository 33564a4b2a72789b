import { lives } from "../../src/processes.js";
import type { Host } from "./cluster.js";
import type { Model } from "./model.js";
import { isLive, type Record, type WorkerRow } from "./record.js";

/** Knows who was there, and tells the model of the hosts that are lost, by whatever way. */
export class Losses {
  readonly #model: Model;
  readonly #record: Record;
  /** Programs in windows that were killed. */
  readonly #closed = new Set<number>();

  constructor(model: Model, record: Record) {
    this.#model = model;
    this.#record = record;
  }

  /** All processes that there were, but for this one. */
  get pids(): number[] {
    const hosts = [...this.#record.everyHost().keys()];
    const children = this.#record.everyChild().map(({ pid }) => pid);
    return [...hosts, ...children].filter((pid) => pid !== process.pid);
  }

  /** Children of hosts that are still there. */
  get left(): number[] {
    const left = this.#record.everyChild().filter(lives);
    return left.map(({ pid }) => pid);
  }

  idOf({ pid }: Host): number | undefined {
    return this.#record.everyHost().get(pid);
  }

  /** Workers that have a process. */
  workers(): WorkerRow[] {
    return this.#record.workers().filter((row) => isLive(row) && row.pid > 0);
  }

  look(hosts: readonly Host[]): void {
    const ids = this.#record.everyHost();
    const killed = hosts.filter(({ killed }) => killed);
    const traces = this.#record.traces();
    const shot = traces.filter(({ what }) => what === "shoot");
    const pids = [...killed, ...shot].map(({ pid }) => pid);
    for (const pid of [...pids, ...this.#closed]) {
      const id = ids.get(pid);
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
