import type BetterSqlite3 from "better-sqlite3";

import { liveStates } from "../../models/worker.js";
import type {
  HostProcess,
  Keeping,
  KeptWindow,
  NewWindow,
  WindowStore,
} from "../neighbours.js";
import { type Committer, light } from "./committer.js";
import type { HostTable } from "./hosts.js";
import type { WorkerTable } from "./workers.js";

/** Which hosts keep which windows. */
export class WindowTable implements WindowStore {
  readonly #committer: Committer;
  readonly #hosts: HostTable;
  readonly #workers: WorkerTable;
  readonly #now: () => number;
  readonly #insert;
  readonly #remove;
  readonly #kept;
  readonly #others;

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
    this.#insert = db.prepare<[number, number]>(
      "insert or ignore into myjobs_window (nr, host) values (?, ?)",
    );
    this.#remove = db.prepare<[number, number]>(
      "delete from myjobs_window where nr = ? and host = ?",
    );
    this.#kept = db
      .prepare<[number], number>(
        "select nr from myjobs_window where host = ? order by nr",
      )
      .pluck();
    this.#others = db
      .prepare<[number], number>(
        "select count(*) from myjobs_window where nr = ?",
      )
      .pluck();
  }

  keep(window: NewWindow): Promise<Keeping | undefined> {
    return this.#committer.run(() => {
      const { id: host } = this.#hosts;
      const keeping = this.#adopt(window.nr) ?? this.#prepare(window);
      if (keeping !== undefined) this.#insert.run(keeping.worker.nr, host);
      return keeping;
    }, light);
  }

  kept(): Promise<KeptWindow[]> {
    return this.#committer.run(() => {
      const nr = this.#kept.all(this.#hosts.id);
      if (nr.length === 0) return [];
      return this.#workers.find({ nr }).map((worker) => ({
        worker,
        host: this.#hosts.process(worker.host),
      }));
    }, light);
  }

  host(id: number): Promise<HostProcess | undefined> {
    return this.#committer.run(() => this.#hosts.process(id));
  }

  leave(nr: number): Promise<boolean> {
    return this.#committer.run(() => {
      this.#remove.run(nr, this.#hosts.id);
      return this.#others.get(nr) === 0;
    }, light);
  }

  #adopt(nr: number | undefined): Keeping | undefined {
    if (nr === undefined) return undefined;
    const [worker] = this.#workers.find({
      nr,
      type: "tmux",
      state: liveStates,
    });
    return worker === undefined ? undefined : { worker, adopted: true };
  }

  #prepare(window: NewWindow): Keeping | undefined {
    const worker = this.#workers.register(
      { ...window, type: "tmux" },
      this.#hosts.id,
      this.#now(),
    );
    return worker === undefined ? undefined : { worker, adopted: false };
  }
}
