import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";

import { clearTimeout, setTimeout } from "../clock.js";
import { tellFd } from "../transport/messages.js";

/** How long after its exit a child's pipes are read on, if something of its group still holds them. */
const closeLimit = 500;

/** What a child tells its host by; there is none if it could not be started. */
export function told(child: Partial<ChildProcess>): Readable | undefined {
  return (child.stdio as readonly unknown[] | undefined)?.[tellFd] as
    Readable | undefined;
}

/** Resolves when what a child wrote before its exit has been read; but a process it left must not hold us by its pipes. */
export async function readToEnd(child: ChildProcess): Promise<void> {
  const pipes = [child.stdout, child.stderr, told(child)];
  let limit: NodeJS.Timeout | undefined;
  await Promise.race([
    // Not the event `close`: it never comes where we were the ones to disconnect.
    Promise.all([...pipes.map(closed), disconnected(child)]),
    new Promise((resolve) => (limit = setTimeout(resolve, closeLimit))),
  ]);
  clearTimeout(limit);
  for (const pipe of pipes) pipe?.destroy();
}

async function closed(stream: Readable | null | undefined): Promise<void> {
  if (stream && !stream.closed)
    await once(stream, "close").catch(() => undefined); // a reset is an end, too
}

async function disconnected(child: ChildProcess): Promise<void> {
  if (child.connected) await once(child, "disconnect");
}
