import { sleep } from "../clock.js";
import { StoppedError, WorkerError } from "../errors.js";
import { isLive, workerName, type WorkerRecord } from "../models/worker.js";
import type { Store } from "../store/store.js";
import type { Windows } from "./windows.js";

/** Between two looks whether a worker that somebody else is opening is ready, in milliseconds. */
const pause = 25;

/** Brings workers in windows up, each from its record, which is made before its window. */
export class WindowStart {
  readonly #store: Store;
  readonly #windows: Windows;
  #closing = false;

  constructor(store: Store, windows: Windows) {
    this.#store = store;
    this.#windows = windows;
  }

  /** What is under way fails. */
  close(): void {
    this.#closing = true;
  }

  /** Opens its window; resolves when the worker is ready. */
  async open(worker: WorkerRecord): Promise<void> {
    const { id, nr, debug } = worker;
    try {
      await this.#windows.open(nr, debug, () => this.#isReady(worker));
    } catch (cause) {
      const error = (cause as Error).message;
      await this.#store.updateWorker(id, { state: "ERROR", error });
      throw cause;
    }
  }

  /** The same for one whose window another instance is just opening. */
  async ready(worker: WorkerRecord): Promise<void> {
    while (!(await this.#isReady(worker))) await sleep(pause);
  }

  async #isReady({ id, nr }: WorkerRecord): Promise<boolean> {
    if (this.#closing) throw new StoppedError(`the start of ${workerName(nr)}`);
    const [now] = await this.#store.findWorkers({ id });
    if (now?.state === "NEW") return false;
    if (now !== undefined && isLive(now)) return true;
    // One that has come up and died meanwhile is replaced, while its window lives.
    const kept = await this.#store.windows.kept();
    const window = kept.find(({ worker }) => worker.nr === nr);
    if (window?.host !== undefined)
      return isLive(window.worker) && window.worker.state !== "NEW";
    const error = now?.error ?? "it has ended";
    const message = `the worker in window ${workerName(nr)}: ${error}`;
    throw new WorkerError(message, error);
  }
}
