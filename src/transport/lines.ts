import { writeSync } from "node:fs";
import type { Readable } from "node:stream";

import type { ChildMessage } from "./messages.js";

/**
 * What a child tells its host, each message as a line of JSON. It is in the kernel's hands when this
 * returns, whatever the process does next: loop without end, exit, or be killed. Many are read at once.
 */
export function tell(fd: number, message: ChildMessage): void {
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
    if (end < 0) {
      begun += text;
      return;
    }
    const lines = begun + text.slice(0, end);
    begun = text.slice(end + 1);
    const messages = read(lines);
    if (messages === undefined) {
      stream.destroy();
      broken();
    } else for (const message of messages) callback(message);
  });
  // A reset at the end of a killed process is no news.
  stream?.on("error", () => undefined);
}

/** At once, which is faster than one by one: a line break stands only between them. */
function read(lines: string): ChildMessage[] | undefined {
  try {
    return JSON.parse(`[${lines.replaceAll("\n", ",")}]`) as ChildMessage[];
  } catch {
    return undefined;
  }
}
