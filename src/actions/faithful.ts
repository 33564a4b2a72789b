import { types } from "node:util";

import { ValueError } from "../errors.js";
import { hasToJson, isPlain, isSimple } from "./plain.js";

/** SQLite's own limit: what is nested deeper could be stored, but not be read with SQL. */
const deepest = 1_000;

/**
 * The value itself if JSON carries all of it, or a copy with each `toJSON` already called, so that
 * none is called twice. Else throws a ValueError. Values come from any realm: `instanceof` says nothing.
 */
export function faithful(value: unknown, path: string): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return value;
    default:
      return isSimple(value) ? value : new Walk(path).whole(value);
  }
}

class Walk {
  readonly #path: string;
  /** The way from the root to where we are. */
  readonly #names: (string | number)[] = [];
  readonly #holders: object[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** What it reads may run code of the user's: getters, `toJSON`, the traps of a Proxy. */
  whole(value: unknown): unknown {
    try {
      return this.value(value, undefined);
    } catch (cause) {
      if (cause instanceof ValueError) throw cause;
      const names = [...this.#names, ...this.#unreadable()];
      throw new ValueError(join(this.#path, names), "cannot be read", {
        cause,
      });
    }
  }

  value(value: unknown, name: string | number | undefined): unknown {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        if (Number.isFinite(value)) return value;
        return this.#refuse(
          name,
          `is ${String(value)}, which JSON has no word for`,
        );
      case "object":
        return value === null ? null : this.#holder(value, name);
      case "bigint":
        if (hasToJson(value)) return this.#converted(value, name);
        return this.#refuse(
          name,
          "is a BigInt, which JSON cannot carry; pass String(value)",
        );
      case "function":
        return this.#refuse(name, "is a function, which JSON cannot carry");
      case "symbol":
        return this.#refuse(name, "is a symbol, which JSON cannot carry");
      default:
        return this.#refuse(
          name,
          "is undefined, which JSON cannot carry; pass null",
        );
    }
  }

  #holder(holder: object, name: string | number | undefined): unknown {
    if (hasToJson(holder)) return this.#converted(holder, name);
    const isArray = Array.isArray(holder);
    if (!isArray && !isPlain(holder)) {
      return this.#refuse(name, whyNotPlain(holder));
    }
    if (this.#holders.length >= deepest) return this.#refuseDepth();
    if (name !== undefined) this.#names.push(name);
    this.#holders.push(holder);
    const same = isArray
      ? this.#array(holder)
      : this.#object(holder as Record<string, unknown>);
    this.#holders.pop();
    if (name !== undefined) this.#names.pop();
    return same;
  }

  #array(array: readonly unknown[]): unknown {
    let copy: unknown[] | undefined;
    for (let i = 0; i < array.length; i++) {
      const item = array[i];
      const kept = this.value(item, i);
      if (kept !== item) (copy ??= array.slice())[i] = kept;
    }
    return copy ?? array;
  }

  #object(object: Record<string, unknown>): unknown {
    let copy: Record<string, unknown> | undefined;
    for (const name of Object.keys(object)) {
      const item = object[name];
      if (item === undefined) continue;
      const kept = this.value(item, name);
      if (kept !== item) (copy ??= { ...object })[name] = kept;
    }
    const symbol = Object.getOwnPropertySymbols(object)[0];
    if (
      symbol !== undefined &&
      Object.prototype.propertyIsEnumerable.call(object, symbol)
    ) {
      this.#refuse(
        String(symbol),
        "has a symbol as its name, which JSON cannot carry",
      );
    }
    return copy ?? object;
  }

  #converted(
    value: object | bigint,
    name: string | number | undefined,
  ): unknown {
    if (types.isDate(value) && Number.isNaN(+value)) {
      return this.#refuse(name, "is an invalid Date");
    }
    let given: unknown = value;
    for (let calls = 0; hasToJson(given); calls++) {
      if (calls === 10)
        return this.#refuse(name, "has a toJSON that gives no plain value");
      given = given.toJSON(String(name ?? ""));
    }
    // A toJSON may return undefined for "leave me out"; only an array has no way to do so.
    if (given === undefined && typeof name === "string") return undefined;
    return this.value(given, name);
  }

  /** Which part of where we are throws when it is looked at, if any does. */
  #unreadable(): (string | number)[] {
    const holder = this.#holders.at(-1) as Record<string, unknown> | undefined;
    const names = holder ? namesOf(holder) : [];
    const name = names.find((one) => !isReadable(holder, one));
    if (name === undefined) return [];
    return [Array.isArray(holder) ? Number(name) : name];
  }

  #refuseDepth(): never {
    const { holder, names } = this.#cycle();
    if (holder === -1) {
      throw new ValueError(
        this.#path,
        `is nested more than ${String(deepest)} levels deep`,
      );
    }
    throw new ValueError(
      join(this.#path, names),
      `is ${join(this.#path, names.slice(0, holder))} again: a cycle, which JSON cannot carry`,
    );
  }

  /** The first object on our way that is met again, and the way to where it is. */
  #cycle(): { holder: number; names: (string | number)[] } {
    const seen = new Map<object, number>();
    for (const [at, holder] of this.#holders.entries()) {
      const before = seen.get(holder);
      if (before !== undefined)
        return { holder: before, names: this.#names.slice(0, at) };
      seen.set(holder, at);
    }
    return { holder: -1, names: [] };
  }

  #refuse(name: string | number | undefined, reason: string): never {
    const names = name === undefined ? this.#names : [...this.#names, name];
    throw new ValueError(join(this.#path, names), reason);
  }
}

function namesOf(holder: object): string[] {
  try {
    return Object.keys(holder);
  } catch {
    return [];
  }
}

/** Whether it can be read, and what it is can be asked for its `toJSON`, and that can be called. */
function isReadable(
  holder: Record<string, unknown> | undefined,
  name: string,
): boolean {
  try {
    const value = holder?.[name];
    if (hasToJson(value)) value.toJSON(name);
    return true;
  } catch {
    return false;
  }
}

function whyNotPlain(value: object): string {
  if (types.isPromise(value)) return "is a Promise: it has not been awaited";
  if (types.isMap(value))
    return "is a Map, which JSON cannot carry; pass [...map]";
  if (types.isSet(value))
    return "is a Set, which JSON cannot carry; pass [...set]";
  const maker = (value as { constructor?: { name?: unknown } }).constructor
    ?.name;
  const what =
    typeof maker === "string" && maker !== "" ? maker : "class instance";
  return `is ${/^[AEIO]/i.test(what) ? "an" : "a"} ${what}, which JSON cannot carry: only plain objects, arrays, and what has toJSON`;
}

function join(path: string, names: readonly (string | number)[]): string {
  let text = path;
  for (const name of names) {
    if (typeof name === "number") text += `[${String(name)}]`;
    else
      text += /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)
        ? `.${name}`
        : `[${JSON.stringify(name)}]`;
  }
  return text;
}
