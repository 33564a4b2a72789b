import { clearInterval, monotonic, setInterval, sleep } from "../clock.js";
import { lives, type ProcessName, signalGroup } from "../processes.js";
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
  failed(error: Error): void;
}

/** Settles what hosts left behind that died without closing: first their processes, then their jobs. */
export class Rescuer {
  readonly #store: RescuerStore;
  readonly #port: RescuerPort;
  #timer: NodeJS.Timeout | undefined;
  #settling: Promise<void> | undefined;

  constructor(store: RescuerStore, port: RescuerPort) {
    this.#store = store;
    this.#port = port;
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      if (this.#settling !== undefined) return;
      this.settle().catch((cause: unknown) => {
        this.#port.failed(cause as Error);
      });
    }, interval).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#settling?.catch(() => undefined); // told by whoever began it
  }

  /** Settles what hosts left that are dead by now. */
  async settle(): Promise<void> {
    // What is under way may have looked at them before.
    await this.#settling?.catch(() => undefined); // told by whoever began it
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
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
