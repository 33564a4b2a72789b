import { types } from "node:util";

import type { RestoredAction } from "../actions/restore.js";
import { typedFile, unread } from "../actions/typed.js";
import { toJson } from "../actions/values.js";
import { isOwnFrame } from "../frames.js";
import type { JobError } from "../models/job.js";

/**
 * What is kept of what an action threw: plain JSON, whatever it was. Its stack leads to the user's own file,
 * causes and the errors of an AggregateError are kept the same way, and what is endless or huge is cut.
 */
export function toJobError(
  thrown: unknown,
  action?: Pick<RestoredAction, "mapStack">,
): JobError {
  return new Failure(action).of(thrown);
}

/** UTF-16 units of a text, of all texts of one failure, and how many errors within errors. */
const longestText = 64 * 1024;
const errorsKept = 50;
const deepest = 10;

/** The host's own facts about a job: an error's field of that name would be taken for one. */
const reserved = new Set([
  "name",
  "message",
  "stack",
  "code",
  "cause",
  "errors",
  "dependencyFailure",
]);

class Failure {
  readonly #action: Pick<RestoredAction, "mapStack"> | undefined;
  readonly #seen = new Set<unknown>();
  #budget = 4 * longestText;

  constructor(action: Pick<RestoredAction, "mapStack"> | undefined) {
    this.#action = action;
  }

  of(thrown: unknown, depth = 0): JobError {
    return isError(thrown) ? this.#error(thrown, depth) : this.#other(thrown);
  }

  #error(error: object, depth: number): JobError {
    this.#seen.add(error);
    const name = this.#cut(textOf(read(error, "name")) ?? "Error");
    const said = textOf(read(error, "message")) ?? "";
    const message = this.#cut(said + left(error));
    const stack = this.#cut(
      this.#stack(textOf(read(error, "stack")) ?? `${name}: ${said}`),
    );
    const failure: JobError = {
      ...this.#fields(error, depth),
      name,
      message,
      stack,
    };
    const code = read(error, "code");
    if (
      typeof code === "string" ||
      (typeof code === "number" && Number.isFinite(code))
    )
      failure.code = code;
    const cause = read(error, "cause");
    if (cause !== undefined) failure.cause = this.#inner(cause, depth);
    const errors = read(error, "errors");
    if (Array.isArray(errors)) failure.errors = this.#list(errors, depth);
    return failure;
  }

  /** A thrown value that is no error has no stack; as the value itself, `thrown` says what it was. */
  #other(thrown: unknown): JobError {
    const message = this.#cut(
      typeof thrown === "string" ? thrown : described(thrown),
    );
    const name = "NonError";
    const kept = this.#value(thrown);
    return {
      name,
      message,
      stack: `${name}: ${message}`,
      ...(kept !== undefined && { thrown: kept }),
    };
  }

  #inner(value: unknown, depth: number): unknown {
    if (!isError(value)) return this.#value(value) ?? described(value);
    const again = this.#seen.has(value);
    if (!again && depth < deepest) return this.#error(value, depth + 1);
    const name = textOf(read(value, "name")) ?? "Error";
    const message = this.#cut(textOf(read(value, "message")) ?? "");
    return {
      name,
      message,
      stack: `${name}: ${message} (${again ? "told above" : "too deep to tell"})`,
    };
  }

  #fields(error: object, depth: number): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    for (const name of namesOf(error)) {
      if (reserved.has(name) || name === "__proto__") continue;
      const value = this.#field(read(error, name), depth);
      if (value !== undefined) fields[name] = value;
    }
    return fields;
  }

  /** Errors hang not only on `cause`: many libraries keep the original in a field of their own. */
  #field(value: unknown, depth: number): unknown {
    if (isError(value)) return this.#inner(value, depth);
    const isList = itemsOf(value, errorsKept).some(isError);
    return isList ? this.#list(value, depth) : this.#value(value);
  }

  /** Lists within lists would grow beyond all measure: the more was told before, the fewer are kept. */
  #list(values: unknown, depth: number): unknown[] {
    const room = Math.max(1, errorsKept - this.#seen.size);
    return itemsOf(values, room).map((one) => this.#inner(one, depth));
  }

  /** As JSON carries it; undefined if that is not possible, or if there is no room for it. */
  #value(value: unknown): unknown {
    if (value === undefined) return undefined;
    try {
      const json = toJson(value, "error", Math.min(longestText, this.#budget));
      this.#budget -= json.length;
      return JSON.parse(json);
    } catch {
      return undefined;
    }
  }

  #stack(stack: string): string {
    return withoutMachinery(this.#action?.mapStack(stack) ?? stack);
  }

  #cut(text: string): string {
    const room = Math.max(1_000, Math.min(longestText, this.#budget));
    this.#budget -= Math.min(text.length, room);
    if (text.length <= room) return text;
    return `${text.slice(0, room)}... [cut, ${String(text.length)} characters in all]`;
  }
}

/** Of whatever realm, and what behaves as one (a DOMException is no native error). */
function isError(value: unknown): value is object {
  if (!isObject(value)) return false;
  if (types.isNativeError(value)) return true;
  return (
    typeof read(value, "message") === "string" &&
    typeof read(value, "stack") === "string"
  );
}

/** Our frames, and Node's below the last of the user's, say nothing about the user's mistake. */
function withoutMachinery(stack: string): string {
  const lines = stack.split("\n");
  const kept = lines.filter((line) => !(isFrame(line) && isOwnFrame(line)));
  while (kept.length > 1 && isInternal(kept.at(-1) ?? "")) kept.pop();
  return (kept.some(isFrame) ? kept : lines).join("\n");
}

function isFrame(line: string): boolean {
  return /^\s+at /.test(line);
}

function isInternal(line: string): boolean {
  return isFrame(line) && /[( ]node:/.test(line);
}

/** A getter may throw, and so may any trap of a Proxy. */
function read(from: object, name: string): unknown {
  try {
    return (from as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** The first of an array; of anything else, and of an array that cannot be read, none. */
function itemsOf(value: unknown, most: number): unknown[] {
  try {
    return Array.isArray(value) ? value.slice(0, most) : [];
  } catch {
    return [];
  }
}

function namesOf(error: object): string[] {
  try {
    const names = Object.keys(error);
    // Those of a SuppressedError, which `using` throws, are its own but not enumerable.
    const both = ["error", "suppressed"].filter(
      (name) => !names.includes(name) && Object.hasOwn(error, name),
    );
    return [...names, ...both];
  } catch {
    return [];
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function described(value: unknown): string {
  const ways = [
    () =>
      (isObject(value)
        ? (JSON.stringify(value) as string | undefined)
        : String(value)) ?? "undefined",
    () => Object.prototype.toString.call(value),
  ];
  for (const way of ways) {
    try {
      return way();
    } catch {
      // Even to ask what it is may run code of its own.
    }
  }
  return "a value that cannot be read";
}

/** What Node leaves out where it finds no module. */
function left(error: object): string {
  const url = read(error, "url");
  if (read(error, "code") !== "ERR_MODULE_NOT_FOUND" || typeof url !== "string")
    return "";
  const typed = typedFile(url, url, "import");
  return typed === undefined ? "" : ` (${unread(typed)})`;
}
