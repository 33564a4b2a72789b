import { writeSync } from "node:fs";
import type { Readable } from "node:stream";

import { fromLines, toLine } from "./lines.js";
import type { ChildMessage } from "./messages.js";

/** Bytes of one message: SQLite takes no longer text. */
const longest = 2 ** 30;
/** Bytes of a character of a text, at most. */
const widest = 3;
/** For messages that fit, which most do: one for each would cost a fifth of telling it. */
const usual = Buffer.alloc(4_096);

/**
 * What a child tells its host, each message as a line. It is in the kernel's hands when this returns,
 * whatever the process does next: loop without end, exit, or be killed. Many are read at once.
 */
export function tell(fd: number, message: ChildMessage): void {
  const line = toLine(message);
  const isUsual = line.length * widest <= usual.length;
  const bytes = isUsual ? usual : Buffer.from(line);
  const size = isUsual ? usual.write(line) : bytes.length;
  for (let at = 0; at < size;) at += writeSync(fd, bytes, at, size - at);
}

/** Calls back with each message, in their order; `broken` if what comes is none, after which nothing is heard. */
export function hear(
  stream: Readable | undefined,
  callback: (message: ChildMessage) => void,
  broken: () => void,
): void {
  /** Of a line whose end has not come. */
  let begun: Buffer[] = [];
  let size = 0;
  stream?.on("data", (chunk: Buffer) => {
    const end = chunk.lastIndexOf("\n") + 1;
    const isTooLong = size + chunk.length > longest;
    if (end === 0 && !isTooLong) {
      begun.push(chunk);
      size += chunk.length;
      return;
    }
    const isEven = end === chunk.length;
    const whole = isEven ? chunk : chunk.subarray(0, end);
    const { messages, isWhole } = isTooLong
      ? { messages: [], isWhole: false }
      : fromLines(joined(begun, whole));
    begun = isEven ? [] : [chunk.subarray(end)];
    size = chunk.length - end;
    for (const message of messages) callback(message);
    if (isWhole) return;
    stream.destroy();
    broken();
  });
  // A reset at the end of a killed process is no news.
  stream?.on("error", () => undefined);
}

function joined(begun: readonly Buffer[], end: Buffer): Buffer {
  return begun.length === 0 ? end : Buffer.concat([...begun, end]);
}
