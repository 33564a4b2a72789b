import type BetterSqlite3 from "better-sqlite3";

import type { CheckStore, HostProcess } from "../neighbours.js";
import { type Committer, light } from "./committer.js";
import type { HostTable } from "./hosts.js";
import type { WorkerTable } from "./workers.js";

/** Questions and answers between hosts: counters in their rows, so that one answer serves all who asked. */
export class CheckTable implements CheckStore {
  readonly #committer: Committer;
  readonly #hosts: HostTable;
  readonly #workers: WorkerTable;
  readonly #now: () => number;
  readonly #ask;
  readonly #silent;
  readonly #asked;
  readonly #answer;

  constructor(
    db: BetterSqlite3.Database,
    committer: Committer,
    hosts: HostTable,
    workers: WorkerTable,
    now: () => number,
  ) {
    this.#committer = committer;
    this.#hosts = hosts;
    this.#workers = workers;
    this.#now = now;
    this.#ask = db.prepare<[number]>(
      "update myjobs_host set asked = asked + 1 where id != ?",
    );
    this.#silent = db.prepare<[number], HostProcess>(
      "select id, pid, pid_start as pidStart from myjobs_host where id != ? and asked > answered",
    );
    this.#asked = db
      .prepare<[number], number>(
        "select asked > answered from myjobs_host where id = ?",
      )
      .pluck();
    this.#answer = db.prepare<[number]>(
      "update myjobs_host set answered = asked where id = ?",
    );
  }

  ask(): Promise<void> {
    return this.#committer.run(() => {
      this.#ask.run(this.#hosts.id);
    }, light);
  }

  silent(): Promise<HostProcess[]> {
    return this.#committer.run(() => this.#silent.all(this.#hosts.id));
  }

  /** Within an operation of the store. */
  get asked(): boolean {
    return this.#asked.get(this.#hosts.id) === 1;
  }

  answer(): Promise<void> {
    return this.#committer.run(() => {
      this.#answer.run(this.#hosts.id);
    }, light);
  }

  freeze(worker: number, error: string): Promise<void> {
    return this.#committer.run(() => {
      this.#workers.halt(worker, "kill");
      this.#workers.update(worker, { state: "ERROR", error }, this.#now());
    }, light);
  }
}
