import { clearInterval, setInterval } from "../clock.js";
import type { Store } from "../store/store.js";
import { type EndedFields, Ending } from "./ending.js";

/** Behind the wake-ups stands a slow look, in case one is missed. */
const lookInterval = 1_000;
/** Jobs asked about at once; the oldest first, since they mostly end first. */
const lookSize = 1_000;

/** Knows which jobs are followed here, and tells of their ends: those seen here, and those the store tells of. */
export class Waiter {
  readonly #store: Pick<Store, "getJobs">;
  readonly #onError: (error: Error) => void;
  /** By job id; only those that have not ended. */
  readonly #pending = new Map<number, Ending>();
  /** Those somebody waits for: they hold the process alive. */
  readonly #awaited = new Set<Ending>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #lookAgain = false;

  constructor(store: Pick<Store, "getJobs">, onError: (error: Error) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  follow(id: number, sure = false): Ending {
    let ending = this.#pending.get(id);
    if (ending === undefined)
      this.#pending.set(id, (ending = new Ending(id, sure)));
    return ending;
  }

  /** The ids of all followed jobs that have not ended. */
  get pending(): number[] {
    return [...this.#pending.keys()];
  }

  /** A job's end, seen here and committed. Without fields: it has ended, the store knows how. */
  ended(id: number, fields?: EndedFields): void {
    const ending = this.#pending.get(id);
    if (ending === undefined) return;
    this.#pending.delete(id);
    ending.end(fields);
  }

  deleted(ids: readonly number[]): void {
    for (const id of ids) {
      this.#pending.get(id)?.delete();
      this.#pending.delete(id);
    }
  }

  /** Calls back when it has ended or is deleted; until then the process stays alive. Gives what takes it back. */
  await(ending: Ending, callback: () => void): () => void {
    const stopListening = ending.listen(() => {
      this.#awaited.delete(ending);
      if (this.#awaited.size === 0) this.#rest();
      callback();
    });
    this.#awaited.add(ending);
    this.#timer ??= setInterval(() => {
      this.look();
    }, lookInterval);
    return () => {
      stopListening();
      if (!ending.awaited) this.#awaited.delete(ending);
      if (this.#awaited.size === 0) this.#rest();
    };
  }

  /** Asks the store about those that are awaited. */
  look(): void {
    if (this.#awaited.size === 0) return;
    this.#lookAgain = true;
    if (this.#looking) return;
    this.#looking = true;
    this.#lookOn()
      .catch((cause: unknown) => {
        this.#onError(cause as Error);
      })
      .finally(() => {
        this.#looking = false;
      });
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #lookOn(): Promise<void> {
    while (this.#lookAgain) {
      this.#lookAgain = false;
      await this.#ask();
    }
  }

  async #ask(): Promise<void> {
    const endings = [...this.#awaited];
    for (let from = 0; from < endings.length; from += lookSize) {
      const asked = endings.slice(from, from + lookSize);
      const jobs = await this.#store.getJobs(asked.map(({ id }) => id));
      const found = new Map(jobs.map((job) => [job.id, job]));
      let news = 0;
      for (const { id } of asked) {
        const job = found.get(id);
        if (job?.state === "NEW" || job?.state === "RUNNING") continue;
        news += 1;
        if (job === undefined) this.deleted([id]);
        else this.ended(id, job);
      }
      // Newcomers are at the end, and are not `sure`; of the others the oldest tell enough.
      if (
        news === 0 &&
        from > 0 &&
        endings.slice(from).every(({ sure }) => sure)
      )
        return;
    }
  }
}
