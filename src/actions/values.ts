import { ValueError } from "../errors.js";
import { faithful } from "./faithful.js";

/**
 * The JSON text of a value, or a `ValueError` that names the place in it which JSON cannot carry.
 * As JSON does, it drops properties that are undefined and takes -0 for 0; undefined itself, what a
 * function returns that returns nothing, is `null`. `limit` is in bytes of UTF-8.
 */
export function toJson(value: unknown, path: string, limit = Infinity): string {
  const json = stringify(faithful(value, path), path);
  // No UTF-16 unit takes more than 3 bytes: most texts need not be measured.
  if (json.length * 3 > limit) refuseOver(limit, json, path);
  return json;
}

/** As it was when this was loaded: what a job makes of the global one is no JSON of ours. */
const { stringify: jsonOf } = JSON;

function stringify(value: unknown, path: string): string {
  if (value === undefined) return "null";
  try {
    return jsonOf(value);
  } catch (cause) {
    throw new ValueError(path, "is longer as JSON than a string can be", {
      cause,
    });
  }
}

function refuseOver(limit: number, json: string, path: string): void {
  const size = Buffer.byteLength(json);
  if (size <= limit) return;
  throw new ValueError(
    path,
    `takes ${grouped(size)} bytes as JSON, the limit is ${grouped(limit)}`,
  );
}

function grouped(bytes: number): string {
  return bytes.toLocaleString("en");
}
