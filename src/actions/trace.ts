import { type Segment, segmentAt, unpackSegments } from "./mappings.js";
import type { FunctionOrigin } from "./origin.js";

/** Ends the file name of what was compiled from a compiler's text: so its places can be told from those that are mapped already. */
export const compiledSuffix = "?myjobs";

/** Leads the places in a restored function's stacks back to the user's file. */
export class Trace {
  readonly #file: string;
  readonly #packed: number[] | undefined;
  readonly #compiled: string;
  #segments: Segment[] | undefined;

  constructor(file: string, origin: FunctionOrigin) {
    this.#file = file;
    this.#packed = origin.map;
    this.#compiled = origin.file + compiledSuffix;
  }

  map(stack: string): string {
    if (!this.#packed || !stack.includes(this.#compiled)) return stack;
    const [head = "", ...others] = stack.split(`${this.#compiled}:`);
    return head + others.map((rest) => this.#place(rest)).join("");
  }

  /** `line:column` at the start of it, replaced. */
  #place(rest: string): string {
    const found = /^(\d+):(\d+)/.exec(rest);
    if (!found) return `${this.#file}:${rest}`;
    this.#segments ??= unpackSegments(this.#packed ?? []);
    const place = { line: Number(found[1]) - 1, column: Number(found[2]) - 1 };
    const segment = segmentAt(this.#segments, place) ?? this.#segments[0];
    const line = (segment?.originalLine ?? 0) + 1;
    const column = (segment?.originalColumn ?? 0) + 1;
    return `${this.#file}:${String(line)}:${String(column)}${rest.slice(found[0].length)}`;
  }
}
