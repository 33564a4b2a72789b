import { sleep } from "../clock.js";
import { isStopped } from "../processes.js";
import { Rounds } from "../rounds.js";
import type { PoolWorker } from "./worker.js";

/** How often the workers are asked, in milliseconds. */
const interval = 2_000;
/** How long between two looks for answers, in milliseconds, and how many looks are silence. */
const pause = 20;
const looks = 5_000 / pause;

/** Finds workers that rest and whose process does nothing any more. One that runs a job is judged by its limit alone. */
export class Watchdog {
  readonly #workers: () => Iterable<PoolWorker>;
  readonly #rounds = new Rounds(() => this.#check());

  constructor(workers: () => Iterable<PoolWorker>) {
    this.#workers = workers;
  }

  start(failed: (cause: unknown) => void): void {
    this.#rounds.repeat(interval, failed);
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Asks after all of them; resolves to those that were found frozen, and are ending. */
  check(): Promise<PoolWorker[]> {
    return this.#rounds.again();
  }

  async #check(): Promise<PoolWorker[]> {
    const frozen: PoolWorker[] = [];
    const freeze = (worker: PoolWorker, why: string): void => {
      frozen.push(worker);
      worker.giveUp(why);
    };
    let asked = [...this.#workers()].filter(resting);
    for (const worker of asked) worker.vessel.ping();
    // Looks are counted, not time: after a pause of this process, answers lie there unread.
    for (let look = 0; look < looks && asked.length > 0; look += 1) {
      await sleep(pause, true);
      asked = asked.filter((worker) => worker.vessel.silent && resting(worker));
      for (const worker of asked)
        if (isStopped(worker.pid))
          freeze(worker, "frozen: a signal has stopped its process");
    }
    for (const worker of asked.filter(resting))
      freeze(worker, "frozen: its process has not answered for 5 s");
    return frozen;
  }
}

function resting({ vessel, rests }: PoolWorker): boolean {
  return vessel.killable && rests;
}
