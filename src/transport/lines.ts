import { type ChildMessage, type End, isChildMessage } from "./messages.js";

const lineBreak = 10;
const comma = 44;
const zero = 48;
const nine = 57;

/**
 * What a child tells, as a line: an end that went well, of which there are many, as four numbers and the
 * result, which is JSON already; all else as JSON. (JSON of texts within JSON costs seven times as much to read.)
 */
export function toLine(message: ChildMessage): string {
  return message.type === "end" && isPlain(message)
    ? `${String(message.id)},${String(message.attempt)},${String(message.timeStart)},${microseconds(message.took)},${message.result!}\n`
    : `${JSON.stringify(message)}\n`;
}

/** The messages of whole lines; if one is none (a job may write on the same way), those before it. */
export function fromLines(lines: Buffer): {
  messages: ChildMessage[];
  isWhole: boolean;
} {
  const messages: ChildMessage[] = [];
  const reader = new Reader(lines);
  while (reader.any) {
    const message = reader.next();
    if (message === undefined) return { messages, isWhole: false };
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

  next(): ChildMessage | undefined {
    const first = this.#bytes[this.#at]!;
    return first >= zero && first <= nine ? this.#end() : this.#other();
  }

  #end(): ChildMessage | undefined {
    const id = this.#number();
    const attempt = this.#number();
    const timeStart = this.#number();
    const took = this.#number() / 1_000;
    const result = this.#rest();
    return Number.isNaN(took) || !result
      ? undefined
      : { type: "end", id, attempt, timeStart, took, result };
  }

  #other(): ChildMessage | undefined {
    try {
      const value: unknown = JSON.parse(this.#rest() ?? "");
      return isChildMessage(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  /** Up to the next comma; from one on that is none, none is. */
  #number(): number {
    let value = 0;
    for (;;) {
      const byte = this.#bytes[this.#at] ?? lineBreak;
      if (byte !== comma && (byte < zero || byte > nine)) return NaN;
      this.#at += 1;
      if (byte === comma) return value;
      value = value * 10 + byte - zero;
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

function isPlain({ timeStart, result, error, rss }: End): boolean {
  const hasMore = error !== undefined || rss !== undefined;
  return result !== undefined && !hasMore && timeStart >= 0;
}

function microseconds(took: number): string {
  return String(Math.round(took * 1_000));
}
