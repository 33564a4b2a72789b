import type { ChildMessage, End } from "./messages.js";
import { isChildMessage } from "./recognise.js";

const lineBreak = 10;
const comma = 44;
const zero = 48;
const nine = 57;
/** With which an end begins: what a job may have written before it makes it no message. */
const mark = "=";
const markByte = 61;

/**
 * What a child tells, as a line: an end that went well, of which there are many, as four numbers and the
 * result, which is JSON already; all else as JSON. (JSON of texts within JSON costs seven times as much to read.)
 */
export function toLine(message: ChildMessage): string {
  return message.type === "end" && isBare(message)
    ? `${mark}${String(message.id)},${String(message.attempt)},${String(message.timeStart)},${microseconds(message.took)},${message.result!}\n`
    : `${JSON.stringify(message)}\n`;
}

/** The messages of whole lines; if one is none, those before it. */
export function fromLines(lines: Buffer): {
  messages: ChildMessage[];
  isWhole: boolean;
} {
  const messages: ChildMessage[] = [];
  const reader = new Reader(lines);
  while (reader.any) {
    const message = reader.next();
    if (!isChildMessage(message)) return { messages, isWhole: false };
    messages.push(message);
  }
  return { messages, isWhole: true };
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get any(): boolean {
    return this.#at < this.#bytes.length;
  }

  /** What the next line says, whatever it is. */
  next(): unknown {
    return this.#bytes[this.#at] === markByte ? this.#end() : this.#other();
  }

  #end(): End | undefined {
    this.#at += 1;
    const id = this.#number();
    const attempt = this.#number();
    const timeStart = this.#number();
    const took = this.#number() / 1_000;
    const isBegun = this.#bytes[this.#at] === markByte;
    const result = this.#rest();
    return isBegun || result === undefined
      ? undefined
      : { type: "end", id, attempt, timeStart, took, result };
  }

  #other(): unknown {
    try {
      return JSON.parse(this.#rest() ?? "");
    } catch {
      return undefined;
    }
  }

  /** Up to the next comma; NaN if what stands there is none. */
  #number(): number {
    let value = NaN;
    for (;;) {
      const byte = this.#bytes[this.#at] ?? lineBreak;
      if (byte !== comma && (byte < zero || byte > nine)) return NaN;
      this.#at += 1;
      if (byte === comma) return value;
      value = (Number.isNaN(value) ? 0 : value * 10) + byte - zero;
    }
  }

  /** Of the line; undefined if no text can be as long. */
  #rest(): string | undefined {
    const end = this.#bytes.indexOf(lineBreak, this.#at);
    try {
      return this.#bytes.toString("utf8", this.#at, end);
    } catch {
      return undefined;
    } finally {
      this.#at = end + 1;
    }
  }
}

/** Whether that is all there is to tell. */
function isBare({ timeStart, result, error, rss }: End): boolean {
  const hasMore = error !== undefined || rss !== undefined;
  return result !== undefined && !hasMore && timeStart >= 0;
}

function microseconds(took: number): string {
  return String(Math.round(took * 1_000));
}
