import type { CheckStore, HostProcess } from "../neighbours.js";
import { light } from "./committer.js";
import type { Shared } from "./shared.js";

/** Questions and answers between hosts: counters in their rows, so that one answer serves all who asked. */
export class CheckTable implements CheckStore {
  readonly #shared: Shared;
  readonly #ask;
  readonly #silent;
  readonly #asked;
  readonly #answer;

  constructor(shared: Shared) {
    const { db } = shared;
    this.#shared = shared;
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
    return this.#shared.committer.run(() => {
      this.#ask.run(this.#shared.hosts.id);
    }, light);
  }

  silent(): Promise<HostProcess[]> {
    return this.#shared.committer.run(() =>
      this.#silent.all(this.#shared.hosts.id),
    );
  }

  /** Within an operation of the store. */
  get asked(): boolean {
    return this.#asked.get(this.#shared.hosts.id) === 1;
  }

  answer(): Promise<void> {
    return this.#shared.committer.run(() => {
      this.#answer.run(this.#shared.hosts.id);
    }, light);
  }

  freeze(worker: number, error: string): Promise<void> {
    return this.#shared.committer.run(() => {
      this.#shared.workers.freeze(worker, error, this.#shared.now());
    }, light);
  }
}
