import { OptionError, show } from "./errors.js";

/** What a value must be, in words for the error and as a check, and what stands in for an absent one. */
export interface Rule<T> {
  expected: string;
  accepts(value: unknown): boolean;
  /** What is made of an accepted value; the value itself unless given. */
  adapt?(value: unknown): T;
  default: T;
}

type Values<Rules> = {
  [Name in keyof Rules]: Rules[Name] extends Rule<infer T> ? T : never;
};

/** Checks given options against the rules and fills in the defaults; the first bad one throws. */
export function readOptions<Rules extends Record<string, Rule<unknown>>>(
  where: string,
  rules: Rules,
  given: unknown = {},
): Values<Rules> {
  if (!isNamed(given))
    throw new OptionError(where, "options", given, "an object");
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(rules, name)) {
      const value = (given as Record<string, unknown>)[name];
      const known = Object.keys(rules).join(", ");
      const expected = known === "" ? "none" : `one of ${known}`;
      const problem = `there is no option ${name} (its value is ${show(value)})`;
      throw new OptionError(where, name, value, expected, problem);
    }
  }
  const values: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(rules)) {
    const value = (given as Record<string, unknown>)[name];
    if (value === undefined) values[name] = rule.default;
    else if (rule.accepts(value)) values[name] = rule.adapt?.(value) ?? value;
    else throw new OptionError(where, name, value, rule.expected);
  }
  return values as Values<Rules>;
}

/** Checks one argument; gives it back with its type. */
export function readValue<T>(
  where: string,
  name: string,
  rule: Rule<T>,
  value: unknown,
): T {
  if (!rule.accepts(value))
    throw new OptionError(where, name, value, rule.expected);
  return value as T;
}

/** setTimeout's own limit: a longer time would fire at once. */
const longest = 2 ** 31 - 1;

export const boolean = <D>(fallback: D): Rule<boolean | D> => ({
  expected: "true or false",
  accepts: (value) => typeof value === "boolean",
  default: fallback,
});

export const integer = <D>(
  least: number,
  fallback: D,
  most = Number.MAX_SAFE_INTEGER,
): Rule<number | D> => ({
  expected: `an integer from ${String(least)}${most === Number.MAX_SAFE_INTEGER ? "" : ` to ${String(most)}`}`,
  accepts: (value) =>
    Number.isSafeInteger(value) &&
    (value as number) >= least &&
    (value as number) <= most,
  default: fallback,
});

/** Milliseconds; of a part of one all of it. */
export const duration = <D>(fallback: D): Rule<number | D> => ({
  expected: `a number of milliseconds from 0 to ${String(longest)}`,
  accepts: (value) =>
    typeof value === "number" && value >= 0 && value <= longest,
  adapt: (value) => Math.ceil(value as number),
  default: fallback,
});

export const text = <D>(fallback: D): Rule<string | D> => ({
  expected:
    "a string of at most 1,000 characters, without NUL or lone surrogates",
  accepts: isText,
  default: fallback,
});

export const texts = <D>(fallback: D): Rule<readonly string[] | D> => ({
  expected: "an array of strings",
  accepts: (value) => Array.isArray(value) && value.every(isText),
  default: fallback,
});

export const oneOf = <const T extends string>(
  known: readonly T[],
  fallback: T,
): Rule<T> => ({
  expected: known.map((one) => show(one)).join(" or "),
  accepts: (value) => known.includes(value as T),
  default: fallback,
});

export const signal: Rule<AbortSignal | undefined> = {
  expected: "an AbortSignal",
  accepts: (value) =>
    typeof (value as AbortSignal | null)?.addEventListener === "function" &&
    "aborted" in (value as object),
  default: undefined,
};

const environment: Rule<Readonly<Record<string, string | undefined>>> = {
  expected: "an object of strings, or undefined for a variable to remove",
  accepts: (value) =>
    isNamed(value) &&
    Object.entries(value).every(
      ([name, entry]) =>
        /^[^=\0]+$/.test(name) &&
        (entry === undefined ||
          (typeof entry === "string" && !entry.includes("\0"))),
    ),
  default: {},
};

/** An open better-sqlite3 Database: the part of it by which we know one. */
export interface GivenDatabase {
  readonly name: string;
  readonly open: boolean;
  readonly inTransaction: boolean;
  prepare(source: string): unknown;
  exec(source: string): unknown;
}

const store: Rule<string | GivenDatabase> = {
  expected: "a file, ':memory:', or an open better-sqlite3 Database",
  accepts: (value) =>
    typeof value === "string"
      ? value !== "" && !value.includes("\0")
      : typeof (value as GivenDatabase | null)?.prepare === "function" &&
        (value as GivenDatabase).open,
  default: "myjobs.db",
};

export const openRules = {
  store,
  nrMin: integer(0, undefined),
  nrMax: integer(1, undefined),
  idleTimeout: duration(30_000),
  workerTimeout: duration(3_600_000),
  killGrace: duration(1_000),
  concurrency: integer(1, 1, 1_000),
  categories: texts(undefined),
  maxJobsPerWorker: integer(0, 0),
  maxRss: integer(0, 0),
  durability: oneOf(["full", "normal"], "full"),
  resultLimit: integer(1, 16 * 1024 * 1024),
  workerExecArgv: texts(undefined),
  workerEnv: environment,
  show: boolean(false),
};

export type OpenValues = Values<typeof openRules>;

/** What `MyJobs.open` takes; all optional. Durations are milliseconds. */
export interface OpenOptions {
  /**
   * A file ('myjobs.db'), ':memory:', or an open better-sqlite3 Database, which is never closed, and of which nothing
   * is changed but that its file is turned to WAL. A call waits while a transaction of yours is open in it (30 s, then
   * `StoreError`, `locked`): do not await one within one.
   */
  store?: string | GivenDatabase;
  /** Bounds of the pool: 1 and max(10, nrMin). */
  nrMin?: number;
  nrMax?: number;
  /** How long a worker above `nrMin` may be idle before it is retired: 30,000. */
  idleTimeout?: number;
  /** The limit of a job that has none of its own: 3,600,000; 0 = none. */
  workerTimeout?: number;
  /** Between each step of abort signal, SIGTERM, SIGKILL: 1,000. */
  killGrace?: number;
  /** Jobs one worker runs at a time: 1. */
  concurrency?: number;
  /** Only jobs of these categories are claimed by this instance's workers; all unless given. */
  categories?: readonly string[];
  /** A worker is replaced after so many jobs; 0 (unless given) = never. */
  maxJobsPerWorker?: number;
  /** A worker is replaced when its process holds more bytes; 0 (unless given) = never. */
  maxRss?: number;
  /** 'full' (unless given): a resolved `schedule` survives power loss; 'normal': any process's death. */
  durability?: "full" | "normal";
  /** Bytes of JSON that a result may have: 16 MiB. */
  resultLimit?: number;
  /** Node's arguments for the children; this process's, filtered, unless given. */
  workerExecArgv?: readonly string[];
  /** Added to the environment of the children; undefined removes a variable. */
  workerEnv?: Readonly<Record<string, string | undefined>>;
  /** Show what jobs print in forked processes, and a line at each one's start and end, on this process's stdout and stderr: false. */
  show?: boolean;
}

/** An object of named values, and no list, Map, Date, or the like. */
export function isNamed(value: unknown): value is object {
  return Object.prototype.toString.call(value) === "[object Object]";
}

/** The id of a record. */
export function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

export function isText(value: unknown): boolean {
  return (
    typeof value === "string" &&
    value.length <= 1_000 &&
    !value.includes("\0") &&
    value.isWellFormed()
  );
}
