import { Capturer } from "../actions/capture.js";
import type { Kwargs } from "../actions/types.js";
import { toJson } from "../actions/values.js";
import { OptionError, StoppedError } from "../errors.js";
import type { ActionRecord, NewAction } from "../models/action.js";
import type { JobPlan } from "../models/job.js";
import {
  boolean,
  duration,
  isId,
  isNamed,
  readOptions,
  type Rule,
  text,
} from "../options.js";
import type { Store } from "../store/store.js";
import { Job, type JobPort } from "./job.js";

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
  ? [kwargs?: NoInfer<Kwargs<K>>, options?: Options]
  : [kwargs: NoInfer<Kwargs<K>>, options?: Options];

const dependencies: Rule<readonly (Job | number)[]> = {
  expected: "an array of jobs or their ids",
  accepts: Array.isArray,
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

/** Those whose values are no lists. */
const plainNames = ["name", "category", "timeout", "die", "wait"] as const;

export type Plan = JobPlan & { wait: boolean };

/** Turns a call of `schedule` into what the store is given. */
export class Scheduling {
  readonly #store: Store;
  readonly #desk: JobPort;
  readonly #capturer = new Capturer();
  /** By key; a promise while it is being stored. */
  readonly #stored = new Map<string, ActionRecord | Promise<ActionRecord>>();
  readonly #standard: Plan;
  #latest: Plan;
  /** Of the last call whose action is not stored yet: it holds those behind it. */
  #last: Promise<ActionRecord> | undefined;
  /** A module may never come to its end: these give up looking for theirs. */
  readonly #lookups = new Set<() => void>();
  #stopped = false;

  constructor(store: Store, desk: JobPort) {
    this.#store = store;
    this.#desk = desk;
    this.#standard = this.#read("schedule", undefined);
    this.#latest = this.#standard;
  }

  /** One for all calls in a row whose options say the same. */
  plan(where: string, options: ScheduleOptions | undefined): Plan {
    if (options === undefined) return this.#standard;
    const isLatest =
      isNamed(options) && makes(options, this.#latest, this.#standard);
    return isLatest
      ? this.#latest
      : (this.#latest = this.#read(where, options));
  }

  /**
   * The action as it is stored; once for each key, then remembered. Calls go on in their order, so that
   * jobs are stored in it: one whose module is still being looked up, or whose action is new, holds
   * those behind it.
   */
  action(where: string, action: unknown): ActionRecord | Promise<ActionRecord> {
    const captured = this.#capturer.capture(action, where);
    const stored =
      captured instanceof Promise
        ? this.#lookUp(where, captured).then((found) => this.#put(found))
        : this.#put(captured);
    const before = this.#last;
    if (before === stored) return stored;
    if (before !== undefined)
      return this.#hold(this.#after(where, before, stored));
    return stored instanceof Promise ? this.#hold(stored) : stored;
  }

  /** The store is being emptied. What comes later need not wait for a module that was looked up before. */
  forget(): void {
    this.#stored.clear();
    this.#last = undefined;
  }

  /** Rejects the calls whose modules are still being looked up, and those behind them. */
  stop(): void {
    this.#stopped = true;
    for (const giveUp of this.#lookups) giveUp();
  }

  /** The same, unless the store has been emptied since it was stored: then it is stored again. */
  renewed(action: ActionRecord): ActionRecord | Promise<ActionRecord> {
    return this.#put(action);
  }

  /** Resolves when no action is being looked up or stored, and those that waited for it have gone on. */
  async settled(): Promise<void> {
    while (this.#last !== undefined) await this.#last.then(ignore, ignore);
  }

  #read(where: string, options: ScheduleOptions | undefined): Plan {
    const values = readOptions(where, rules, options);
    const dependencies = values.dependencies.map((one, at) =>
      readId(where, `dependencies[${String(at)}]`, one, this.#desk),
    );
    return { ...values, dependencies };
  }

  #hold(call: Promise<ActionRecord>): Promise<ActionRecord> {
    this.#last = call;
    const gone = (): void => {
      if (this.#last === call) this.#last = undefined;
    };
    // Behind all that wait for it.
    call.then(ignore, ignore).then(gone, gone);
    return call;
  }

  #lookUp(where: string, captured: Promise<NewAction>): Promise<NewAction> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        reject(new StoppedError(where));
      };
      const over = (): void => {
        this.#lookups.delete(giveUp);
      };
      this.#lookups.add(giveUp);
      captured.then(over, over);
      captured.then(resolve, reject);
    });
  }

  /** The second, not before the first has come to an end. */
  async #after(
    where: string,
    before: Promise<unknown>,
    stored: ActionRecord | Promise<ActionRecord>,
  ): Promise<ActionRecord> {
    await Promise.allSettled([before, stored]);
    if (this.#stopped) throw new StoppedError(where);
    return stored;
  }

  #put(action: NewAction): ActionRecord | Promise<ActionRecord> {
    const { key } = action;
    const known = this.#stored.get(key);
    if (known !== undefined) return known;
    const stored = this.#store.putAction(action);
    this.#stored.set(key, stored);
    stored.then(
      (record) => {
        if (this.#stored.get(key) === stored) this.#stored.set(key, record);
      },
      () => this.#stored.delete(key),
    );
    return stored;
  }
}

export function kwargsJson(
  where: string,
  kwargs: unknown,
  path: string,
): string {
  if (kwargs === undefined) return "{}";
  const text = isObject(kwargs) ? toJson(kwargs, path) : "";
  // A list is none; nor need be what a toJSON returns.
  if (text.startsWith("{")) return text;
  const expected = "an object, the action's arguments by name";
  throw new OptionError(where, path, kwargs, expected);
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

/** The id that is given, as a number or as a job, which may be another instance's on the same store. */
export function readId(
  where: string,
  name: string,
  value: unknown,
  desk: JobPort,
): number {
  const id = isObject(value) ? (value as { id?: unknown }).id : value;
  if (!isId(id)) throw new OptionError(where, name, value, "a job or its id");
  if (value instanceof Job && !value.isIn(desk))
    throw new OptionError(where, name, value, "a job of this store");
  return id;
}

/** Whether these would make that plan, all that is not given being as `standard` has it. */
function makes(options: object, known: Plan, standard: Plan): boolean {
  if (known.dependencies.length > 0) return false;
  const given = options as Partial<Record<keyof Plan, unknown>>;
  if (given.dependencies !== undefined) return false;
  for (const name in options) if (!Object.hasOwn(rules, name)) return false;
  for (const name of plainNames) {
    const value = given[name];
    if ((value === undefined ? standard[name] : value) !== known[name])
      return false;
  }
  return true;
}

function ignore(): void {
  // Its caller is told.
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
