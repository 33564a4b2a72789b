import { Capturer } from "../actions/capture.js";
import type { Kwargs } from "../actions/types.js";
import { toJson } from "../actions/values.js";
import { OptionError } from "../errors.js";
import type { ActionRecord, NewAction } from "../models/action.js";
import type { NewJob } from "../models/job.js";
import {
  boolean,
  duration,
  integer,
  isId,
  readOptions,
  readValue,
  type Rule,
  text,
} from "../options.js";
import type { Store } from "../store/store.js";
import type { Job } from "./job.js";

export interface ScheduleOptions {
  /** `j<id>` unless given. */
  name?: string;
  /** '' unless given. */
  category?: string;
  /** Milliseconds; 0 (unless given) = the worker's limit. */
  timeout?: number;
  /** Jobs, or their ids, that must have ended OK before this one runs. Their results reach `context.dependencies`. */
  dependencies?: readonly (Job | number)[];
  /** Whether a wait for it rejects if it fails; true unless given. */
  die?: boolean;
  /** Resolve only when the job has ended; then `die` holds for the call itself. */
  wait?: boolean;
}

/** What `schedule` takes behind the action: kwargs may be left out where the action needs none. */
export type ScheduleArguments<K, Options> = object extends K
  ? [kwargs?: Kwargs<K>, options?: Options]
  : [kwargs: Kwargs<K>, options?: Options];

const dependencies: Rule<readonly (Job | number)[]> = {
  expected: "an array of jobs or ids of jobs",
  accepts: (value) =>
    Array.isArray(value) && value.every((one) => isId(idOf(one))),
  default: [],
};

const rules = {
  name: text(""),
  category: text(""),
  timeout: duration(0),
  dependencies,
  die: boolean(true),
  wait: boolean(false),
};

export type Plan = Omit<NewJob, "kwargs" | "actionId"> & { wait: boolean };

/** Turns a call of `schedule` into what the store is given. */
export class Scheduling {
  readonly #store: Store;
  readonly #capturer = new Capturer();
  /** By key. */
  readonly #stored = new Map<string, Promise<ActionRecord>>();
  readonly #standard: Plan;
  /** Resolves when all modules that were asked for have been looked up. */
  #lookedUp: Promise<void> | undefined;

  constructor(store: Store) {
    this.#store = store;
    this.#standard = plan("schedule", undefined);
  }

  plan(where: string, options: ScheduleOptions | undefined): Plan {
    return options === undefined ? this.#standard : plan(where, options);
  }

  /**
   * The action as it is stored; once for each key, then remembered. Calls resolve in their order, so
   * that jobs are stored in it: one whose module is still being looked up holds those behind it.
   */
  action(where: string, action: unknown): Promise<ActionRecord> {
    const captured = this.#capturer.capture(action, where);
    if (!(captured instanceof Promise) && this.#lookedUp === undefined)
      return this.#put(captured);
    const before = this.#lookedUp;
    const stored = (async () => {
      const found = await captured;
      await before;
      return this.#put(found);
    })();
    const lookedUp = stored.then(ignore, ignore).then(() => {
      if (this.#lookedUp === lookedUp) this.#lookedUp = undefined;
    });
    this.#lookedUp = lookedUp;
    return stored;
  }

  /** The store was emptied. */
  forget(): void {
    this.#stored.clear();
  }

  #put(action: NewAction): Promise<ActionRecord> {
    let stored = this.#stored.get(action.key);
    if (stored === undefined) {
      stored = this.#store.putAction(action);
      this.#stored.set(action.key, stored);
      stored.catch(() => this.#stored.delete(action.key));
    }
    return stored;
  }
}

export function kwargsJson(
  where: string,
  kwargs: unknown,
  path: string,
): string {
  if (kwargs === undefined) return "{}";
  const isObject =
    typeof kwargs === "object" && kwargs !== null && !Array.isArray(kwargs);
  if (!isObject)
    throw new OptionError(
      where,
      path,
      kwargs,
      "an object, the action's arguments by name",
    );
  return toJson(kwargs, path);
}

/** One for each that an array, or another iterable, gives. */
export function kwargsTexts(where: string, list: unknown): string[] {
  const isIterable =
    typeof (list as Iterable<unknown> | null)?.[Symbol.iterator] === "function";
  if (!isIterable || typeof list === "string")
    throw new OptionError(where, "kwargsList", list, "an array of kwargs");
  return Array.from(list as Iterable<unknown>, (kwargs, index) =>
    kwargsJson(where, kwargs, `kwargsList[${String(index)}]`),
  );
}

/** Field by field, since a spread would be the most expensive part of scheduling. */
export function newJob(
  { name, category, timeout, die, dependencies }: Plan,
  actionId: number,
  kwargs: string,
): NewJob {
  return { name, category, timeout, actionId, kwargs, die, dependencies };
}

/** The id that is given, as a job or as a number. */
export function readId(where: string, name: string, value: unknown): number {
  return readValue(where, name, integer(1, undefined), idOf(value)) ?? 0;
}

function plan(where: string, options: ScheduleOptions | undefined): Plan {
  const values = readOptions(where, rules, options);
  return {
    ...values,
    dependencies: values.dependencies.map((one) => idOf(one) as number),
  };
}

function ignore(): void {
  // Its caller is told.
}

function idOf(value: unknown): unknown {
  return typeof value === "object" && value !== null
    ? (value as { id?: unknown }).id
    : value;
}
