import { writeSync } from "node:fs";
import type { Readable } from "node:stream";

import type { ChildMessage } from "./messages.js";
import { isPacked, type PackedChildMessage, unpackEnd } from "./packing.js";

/** Characters of one message, less than a text may have in V8. */
const longest = 2 ** 29 - 2 ** 10;

/**
 * What a child tells its host, each message as a line of JSON. It is in the kernel's hands when this
 * returns, whatever the process does next: loop without end, exit, or be killed. Many are read at once.
 */
export function tell(fd: number, message: PackedChildMessage): void {
  const line = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let at = 0; at < line.length;) at += writeSync(fd, line, at);
}

/** Calls back with each message, in their order; `broken` if what comes is none, after which nothing is heard. */
export function hear(
  stream: Readable | undefined,
  callback: (message: ChildMessage) => void,
  broken: () => void,
): void {
  let begun = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (text: string) => {
    const end = text.lastIndexOf("\n");
    const isTooLong = begun.length + text.length > longest;
    if (end < 0 && !isTooLong) {
      begun += text;
      return;
    }
    const { messages, isWhole } = isTooLong
      ? { messages: [], isWhole: false }
      : read(begun + text.slice(0, end));
    begun = text.slice(end + 1);
    for (const message of messages) callback(unpackEnd(message));
    if (isWhole) return;
    stream.destroy();
    broken();
  });
  // A reset at the end of a killed process is no news.
  stream?.on("error", () => undefined);
}

/** The messages; if one is none, those before it. */
function read(lines: string): {
  messages: PackedChildMessage[];
  isWhole: boolean;
} {
  // At once, which is faster than one by one: a line break stands only between them.
  const all = parsed(`[${lines.replaceAll("\n", ",")}]`) as
    unknown[] | undefined;
  if (all?.every(isPacked) === true) return { messages: all, isWhole: true };
  const each = lines.split("\n").map(parsed);
  const count = each.findIndex((one) => !isPacked(one));
  return {
    messages: each.slice(0, count) as PackedChildMessage[],
    isWhole: false,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
