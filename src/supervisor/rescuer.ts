import { clearInterval, monotonic, setInterval, setTimeout } from "../clock.js";
import { processStart, signalGroup } from "../processes.js";
import type { LostHost, Rescue, Store } from "../store/store.js";

/** How often the other hosts are asked after. */
const interval = 1_000;
/** A process that was sent SIGKILL and has not gone by then hangs in the kernel; its jobs wait no longer. */
const goneLimit = 5_000;

export interface RescuerPort {
  rescued(rescue: Rescue): void;
  failed(error: Error): void;
}

/** Settles what hosts left behind that died without closing: first their processes, then their jobs. */
export class Rescuer {
  readonly #store: Pick<Store, "lostHosts" | "rescue">;
  readonly #port: RescuerPort;
  #timer: NodeJS.Timeout | undefined;
  #settling: Promise<void> | undefined;

  constructor(store: Pick<Store, "lostHosts" | "rescue">, port: RescuerPort) {
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

  async #settle(): Promise<void> {
    const lost = await this.#store.lostHosts();
    if (lost.length === 0) return;
    await Promise.all(
      lost.flatMap(({ processes }) => processes.map(endProcess)),
    );
    this.#port.rescued(await this.#store.rescue(lost.map(({ id }) => id)));
  }
}

/** Only if it is still the one that was meant: the pid may be somebody else's by now. */
async function endProcess({
  pid,
  pidStart,
}: LostHost["processes"][number]): Promise<void> {
  const lives = (): boolean =>
    pidStart !== "" && processStart(pid) === pidStart;
  const begun = monotonic();
  while (lives() && monotonic() - begun < goneLimit) {
    signalGroup(pid, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
