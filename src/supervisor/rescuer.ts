import { monotonic, sleep } from "../clock.js";
import { lives, type ProcessName, signalGroup } from "../processes.js";
import { Rounds } from "../rounds.js";
import type { Rescue, Store } from "../store/store.js";

/** How often the other hosts are asked after. */
const interval = 1_000;
/** A process that was sent SIGKILL and has not gone by then hangs in the kernel; its jobs wait no longer. */
const goneLimit = 5_000;
/** Between two looks whether something is gone, in milliseconds. */
const pause = 10;

type RescuerStore = Pick<Store, "lostHosts" | "rescue" | "windows">;

export interface RescuerPort {
  rescued(rescue: Rescue): void;
  failed(cause: unknown): void;
}

/** Settles what hosts left behind that died without closing: first their processes, then their jobs. */
export class Rescuer {
  readonly #store: RescuerStore;
  readonly #port: RescuerPort;
  readonly #rounds = new Rounds(() => this.#settle());

  constructor(store: RescuerStore, port: RescuerPort) {
    this.#store = store;
    this.#port = port;
  }

  start(): void {
    this.#rounds.repeat(interval, (cause) => {
      this.#port.failed(cause);
    });
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Settles what hosts left that are dead by now. */
  settle(): Promise<void> {
    return this.#rounds.again();
  }

  /** The same for one that was just killed: the last of its threads may hold its lock for a moment after it. */
  async settleKilled(host: number): Promise<void> {
    const begun = monotonic();
    do {
      await this.settle();
      if ((await this.#store.windows.host(host)) === undefined) return;
      await sleep(pause);
    } while (monotonic() - begun < goneLimit);
  }

  async #settle(): Promise<void> {
    const lost = await this.#store.lostHosts();
    if (lost.length === 0) return;
    await Promise.all(
      lost.flatMap(({ processes }) => processes.map(endProcess)),
    );
    this.#port.rescued(await this.#store.rescue(lost.map(({ id }) => id)));
  }
}

async function endProcess(process: ProcessName): Promise<void> {
  const begun = monotonic();
  while (lives(process) && monotonic() - begun < goneLimit) {
    signalGroup(process.pid, "SIGKILL");
    await sleep(pause);
  }
}
