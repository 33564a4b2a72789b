/** What an action is given beside its arguments. */
export interface Context {
  readonly job: {
    readonly id: number;
    readonly name: string;
    readonly category: string;
    /** Counts the starts, and what was given to a process that died before it came to it; mostly 1 at the first. */
    readonly attempt: number;
    readonly dependencies: readonly number[];
  };
  /** Aborts when the job shall stop: its limit, `cancel()`, a stop of the pool. */
  readonly signal: AbortSignal;
  /** The results of the jobs it depends on, in their order. */
  readonly dependencies: readonly unknown[];
  /** Like `import()` in the action's own file. No bundler rewrites it: `context.import<typeof import("./mail.js")>("./mail.js")`. */
  import<Module = Record<string, unknown>>(specifier: string): Promise<Module>;
  /** Like `require()` in the action's own file. */
  require<Module = unknown>(specifier: string): Module;
}

export type ActionFunction<K = never, R = unknown> = (
  kwargs: K,
  context: Context,
) => R;

declare const signature: unique symbol;

/** An export of a module: its imports and globals are at hand. `moduleActions` declares one with its types. */
export interface ModuleAction<K = never, R = unknown> {
  /** An absolute URL or path, a package's name, or './jobs.js' as seen from the file that schedules it. */
  readonly module: URL | string;
  readonly method: string;
  /** Exists for the compiler only. */
  readonly [signature]?: ActionFunction<K, R>;
}

export type Action<K = never, R = unknown> =
  ActionFunction<K, R> | ModuleAction<K, R>;

/**
 * `T` as it reads after a trip through JSON: a Date is a string, what has `toJSON` is what that returns.
 * An absent result is null. `never` stands where JSON would lose something: such values are refused.
 */
export type Json<T> = 0 extends 1 & T
  ? T
  : T extends Nothing
    ? null
    : JsonValue<T>;

/** undefined and void; the latter may only be named as what something returns. */
type Nothing = ReturnType<() => void> | undefined;

/** What may be given to an action that takes `K`: an object that still is a `K` when it arrives there. */
export type Kwargs<K> = K extends
  readonly unknown[] | string | number | boolean | bigint | symbol
  ? never
  : Carried<K>;

type Carried<K> = 0 extends 1 & K
  ? K
  : K extends string | number | boolean | null | undefined
    ? K
    : K extends Uncarried | { toJSON(...args: never[]): unknown }
      ? never
      : K extends object
        ? { [Name in keyof K]: Carried<K[Name]> }
        : K;

/** What no JSON can carry. Promises among them: one that is not awaited is a mistake. */
type Uncarried =
  | bigint
  | symbol
  | ((...args: never[]) => unknown)
  | (abstract new (...args: never[]) => unknown)
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | WeakMap<WeakKey, unknown>
  | WeakSet<WeakKey>
  | PromiseLike<unknown>
  | RegExp
  | Error
  | ArrayBufferLike
  | NodeJS.TypedArray;

/** Plain texts and numbers first: they may be branded, which makes objects of them to the compiler. */
type JsonValue<T> = T extends string | number | boolean | null
  ? T
  : T extends { toJSON(...args: never[]): infer Text }
    ? Json<Text>
    : T extends Uncarried
      ? never
      : T extends readonly unknown[]
        ? { [I in keyof T]: Json<T[I]> }
        : T extends object
          ? {
              [Name in keyof T as Exclude<Name, symbol>]: JsonProperty<T[Name]>;
            }
          : T;

/** An undefined property is left out, not null. */
type JsonProperty<T> = 0 extends 1 & T
  ? T
  : T extends undefined
    ? undefined
    : JsonValue<T>;
