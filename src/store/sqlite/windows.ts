import { liveStates } from "../../models/worker.js";
import type {
  HostProcess,
  Keeping,
  KeptWindow,
  NewWindow,
  WindowStore,
} from "../neighbours.js";
import { light } from "./committer.js";
import type { Shared } from "./shared.js";

/** Which hosts keep which windows. */
export class WindowTable implements WindowStore {
  readonly #shared: Shared;
  readonly #insert;
  readonly #remove;
  readonly #kept;
  readonly #others;

  constructor(shared: Shared) {
    const { db } = shared;
    this.#shared = shared;
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
    return this.#shared.committer.run(() => {
      const { id: host } = this.#shared.hosts;
      const keeping = this.#adopt(window.nr) ?? this.#prepare(window);
      if (keeping !== undefined) this.#insert.run(keeping.worker.nr, host);
      return keeping;
    }, light);
  }

  kept(): Promise<KeptWindow[]> {
    return this.#shared.committer.run(() => {
      const nr = this.#kept.all(this.#shared.hosts.id);
      if (nr.length === 0) return [];
      return this.#shared.workers.find({ nr }).map((worker) => ({
        worker,
        host: this.#shared.hosts.process(worker.host),
      }));
    }, light);
  }

  host(id: number): Promise<HostProcess | undefined> {
    return this.#shared.committer.run(() => this.#shared.hosts.process(id));
  }

  leave(nr: number): Promise<boolean> {
    return this.#shared.committer.run(() => {
      this.#remove.run(nr, this.#shared.hosts.id);
      return this.#others.get(nr) === 0;
    }, light);
  }

  #adopt(nr: number | undefined): Keeping | undefined {
    if (nr === undefined) return undefined;
    const [worker] = this.#shared.workers.find({
      nr,
      type: "tmux",
      state: liveStates,
    });
    return worker === undefined ? undefined : { worker, adopted: true };
  }

  #prepare(window: NewWindow): Keeping | undefined {
    const worker = this.#shared.workers.register(
      { ...window, type: "tmux" },
      this.#shared.hosts.id,
      this.#shared.now(),
    );
    return worker === undefined ? undefined : { worker, adopted: false };
  }
}
