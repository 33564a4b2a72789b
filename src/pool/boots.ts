import { availableParallelism } from "node:os";

import PQueue from "p-queue";

import { monotonic } from "../clock.js";
import { Breaker } from "./breaker.js";
import type { PoolWorker } from "./worker.js";

/** How many children may boot at once: more would only slow each other. */
const bootsAtOnce = Math.max(2, availableParallelism());

export interface BootsPort {
  /** A worker has come up in so many milliseconds. */
  booted(took: number): void;
  /** Whether there is still somebody who would want to try again. */
  wanted(): boolean;
  tryAgain(): void;
}

/** Brings workers up: a few at a time, and none for a while after one that could not. */
export class Boots {
  readonly #port: BootsPort;
  readonly #queue = new PQueue({ concurrency: bootsAtOnce });
  readonly #breaker = new Breaker();
  /** What tripped it. */
  #failure: unknown;
  /** Those that are not ready yet; whether the bounds are about them. */
  readonly #under = new Map<Promise<PoolWorker>, boolean>();

  constructor(port: BootsPort) {
    this.#port = port;
  }

  /** Whether it is too early to try again. */
  get barred(): boolean {
    return this.#breaker.open;
  }

  get under(): readonly Promise<PoolWorker>[] {
    return [...this.#under.keys()];
  }

  /** Of these, those that the bounds are about. */
  get scaled(): readonly Promise<PoolWorker>[] {
    return this.under.filter((boot) => this.#under.get(boot));
  }

  /** Forgets earlier failures. */
  reset(): void {
    this.#breaker.reset();
  }

  /** Resolves when the worker takes jobs, or has been ended on request; rejects if it cannot come up. */
  start(
    add: () => Promise<PoolWorker>,
    isScaled: boolean,
  ): Promise<PoolWorker> {
    const boot = this.#addAndBoot(add).finally(() => {
      this.#under.delete(boot);
    });
    this.#under.set(boot, isScaled);
    return boot;
  }

  async #addAndBoot(add: () => Promise<PoolWorker>): Promise<PoolWorker> {
    try {
      const worker = await add();
      await this.#queue.add(() => this.#boot(worker));
      return worker;
    } catch (cause) {
      this.#failed(cause);
      throw cause;
    }
  }

  async #boot(worker: PoolWorker): Promise<void> {
    if (worker.phase !== "starting") return;
    if (this.barred) {
      // It would only fail, too.
      worker.giveUp((this.#failure as Error).message);
      throw this.#failure;
    }
    const begun = monotonic();
    try {
      await worker.start();
    } catch (cause) {
      // Ended on request while it was starting: no fault of its own.
      if (worker.error === null) return;
      // Before the next one is tried.
      this.#failed(cause);
      throw cause;
    }
    const wait = this.#breaker.open;
    this.#breaker.reset();
    this.#port.booted(monotonic() - begun);
    // Those that it barred wait for nothing any more.
    if (wait) this.#port.tryAgain();
  }

  #failed(cause: unknown): void {
    if (!this.#port.wanted() || this.barred) return;
    this.#failure = cause;
    this.#breaker.trip(() => {
      this.#port.tryAgain();
    });
  }
}
