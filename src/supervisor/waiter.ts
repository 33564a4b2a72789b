import { clearInterval, monotonic, setInterval, sleep } from "../clock.js";
import type { JobState } from "../models/job.js";
import type { Store } from "../store/store.js";
import { type EndedFields, Ending, type Listener } from "./ending.js";
import { Endings } from "./endings.js";

/** Behind the wake-ups stands a slow look, in case one is missed. */
const lookInterval = 1_000;
/** Jobs asked about at once. */
const lookSize = 1_000;
/** After a look, so many times its duration passes before the next: that of the reading, not of the disk that it waits for. */
const lookPart = 4;
/** Milliseconds for one job. */
const lookTime = 0.001;
/** The same for those looks that will find nothing unless a wake-up was missed. */
const rareLookPart = 49;

/** More followed jobs than this are worth asking which of them have ended. */
const crowd = 10_000;

/** Knows which jobs are followed here, and tells of their ends: those seen here, and those the store tells of. */
export class Waiter {
  readonly #store: Pick<Store, "endedJobs" | "jobStates">;
  readonly #onError: (cause: unknown) => void;
  /** Only those that have not ended. */
  readonly #pending = new Endings();
  /** Those that are awaited and may have ended before they were followed. */
  readonly #unsure = new Set<Ending>();
  /** Counts the news from others. */
  #heard = 0;
  /** How many of them somebody waits for: those hold the process alive. */
  #awaited = 0;
  #timer: NodeJS.Timeout | undefined;
  #crowd = crowd;
  #asking = false;
  #looking = false;
  #lookAgain = false;

  constructor(
    store: Pick<Store, "endedJobs" | "jobStates">,
    onError: (cause: unknown) => void,
  ) {
    this.#store = store;
    this.#onError = onError;
  }

  /** Goes with a job that is handed to the store now, so that it is known whether an end of it can have been missed. */
  get heard(): number {
    return this.#heard;
  }

  /** `heard`: as it was when the job cannot have ended yet; it may have ended unless it is given. */
  follow(id: number, heard = -1): Ending {
    let ending = this.#pending.get(id);
    if (ending === undefined) {
      ending = new Ending(id, heard);
      this.#pending.add(ending);
      if (this.#pending.size > this.#crowd) this.#thin();
    }
    return ending;
  }

  /** The ids of the jobs scheduled here that have not ended. */
  get scheduled(): number[] {
    return Array.from(this.#pending)
      .filter(({ own }) => own)
      .map(({ id }) => id);
  }

  /** The ids of all followed jobs that have not ended. */
  get pending(): number[] {
    return Array.from(this.#pending, ({ id }) => id);
  }

  /** A job's end, seen here and committed. Without fields: it has ended, the store knows how. */
  ended(id: number, fields?: EndedFields): void {
    const ending = this.#pending.get(id);
    if (ending === undefined) return;
    this.#leave(ending);
    ending.end(fields);
  }

  deleted(ids: readonly number[]): void {
    for (const id of ids) {
      const ending = this.#pending.get(id);
      if (ending === undefined) continue;
      this.#leave(ending);
      ending.delete();
    }
  }

  /** Tells the listener when it has ended or is deleted; until then the process stays alive. */
  await(ending: Ending, listener: Listener): void {
    if (!ending.awaited) this.#awaited += 1;
    ending.listen(listener);
    if (this.#timer === undefined) this.#timer = this.#watch();
    else if (this.#awaited === 1) this.#timer.ref();
    if (ending.heard === this.#heard) return;
    this.#unsure.add(ending);
    this.look();
  }

  /** Takes back an `await`. */
  forsake(ending: Ending, listener: Listener): void {
    if (ending.awaited && !ending.unlisten(listener)) this.#forsaken(ending);
  }

  /** Others have changed something. */
  news(): void {
    this.#heard += 1;
    this.look();
  }

  /** Asks the store about those that are awaited; again and again while that finds some. */
  look(): void {
    this.#lookAgain = this.#awaited > 0;
    if (this.#looking || !this.#lookAgain) return;
    this.#looking = true;
    this.#whenOver(this.#lookOn(), () => {
      this.#looking = false;
    });
  }

  /** Tells those who wait that it is in vain. */
  stop(): void {
    for (const ending of [...this.#pending]) ending.stop();
    clearInterval(this.#timer);
  }

  /** Not only while somebody waits, and then keeping no process alive: single jobs would make a timer each. */
  #watch(): NodeJS.Timeout {
    const timer = setInterval(() => {
      if (this.#awaited > 0) this.#lookAround();
      else {
        clearInterval(timer);
        this.#timer = undefined;
      }
    }, lookInterval);
    return timer;
  }

  #lookAround(): void {
    this.look();
    if (this.#asking) return;
    this.#asking = true;
    this.#whenOver(
      this.#askForStates(({ awaited }) => awaited),
      () => {
        this.#asking = false;
      },
    );
  }

  #leave(ending: Ending): void {
    this.#pending.remove(ending);
    if (ending.awaited) this.#forsaken(ending);
  }

  #forsaken(ending: Ending): void {
    this.#unsure.delete(ending);
    this.#awaited -= 1;
    if (this.#awaited === 0) this.#timer?.unref();
  }

  async #lookOn(): Promise<void> {
    while (this.#lookAgain) {
      this.#lookAgain = false;
      const asked = await this.#askForEnds();
      // Never more than a small part of the time, however many are awaited.
      const pause = lookPart * lookTime * asked;
      if (pause > 1) await sleep(pause, true);
    }
  }

  /** The oldest first, since they mostly end first; and those that may have ended before. Gives how many were asked about. */
  async #askForEnds(): Promise<number> {
    const heard = this.#heard;
    const unsure = Array.from(take(this.#unsure, lookSize));
    const sure: number[] = [];
    for (const ending of this.#pending) {
      if (sure.length === lookSize) break;
      if (ending.awaited && !this.#unsure.has(ending)) sure.push(ending.id);
    }
    // What is run here is told when it is on the disk: to read it as well would cost as much as its end.
    const [unknown, theirs] = await Promise.all([
      this.#store.endedJobs(unsure.map(({ id }) => id)),
      this.#store.endedJobs(sure, true),
    ]);
    for (const ending of unsure) {
      ending.heard = heard;
      this.#unsure.delete(ending);
    }
    if (this.#unsure.size > 0) this.#lookAgain = true;
    const ended = [...unknown, ...theirs];
    for (const job of ended) this.ended(job.id, job);
    if (ended.length > lookSize / 2) this.#lookAgain = true;
    return unsure.length + sure.length;
  }

  /** Jobs that other processes run and nobody waits for would be followed for ever. */
  #thin(): void {
    this.#crowd = Infinity;
    this.#whenOver(
      this.#askForStates(() => true),
      () => {
        this.#crowd = Math.max(crowd, 2 * this.#pending.size);
      },
    );
  }

  /** Nobody waits for what asks the store; a fault of it is told. */
  #whenOver(asking: Promise<void>, callback: () => void): void {
    asking.catch(this.#onError).finally(callback);
  }

  /** Those that are there no more were deleted by another process. */
  async #askForStates(isAsked: (ending: Ending) => boolean): Promise<void> {
    for (const some of this.#pending.inParts(lookSize, isAsked)) {
      const begun = monotonic();
      const ids = some.map(({ id }) => id);
      if (ids.length === 0) continue;
      const there = new Map<number, JobState>();
      for (const { id, state } of await this.#store.jobStates(ids)) {
        there.set(id, state);
      }
      this.deleted(ids.filter((id) => !there.has(id)));
      for (const [id, state] of there) {
        if (state !== "NEW" && state !== "RUNNING") this.ended(id);
      }
      const pause = rareLookPart * (monotonic() - begun);
      await sleep(pause, true);
    }
  }
}

function* take<T>(values: Iterable<T>, most: number): Generator<T> {
  let taken = 0;
  for (const value of values) {
    if (taken === most) return;
    taken += 1;
    yield value;
  }
}
