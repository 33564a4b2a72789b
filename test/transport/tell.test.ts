import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";

import { expect, jest, test } from "@jest/globals";

import type { ChildMessage } from "../../src/transport/messages.js";
import { packEnd } from "../../src/transport/packing.js";
import { hear, tell } from "../../src/transport/tell.js";
import { temporaryFolder } from "../support/instance.js";

const end = (id: number, result: string): ChildMessage => ({
  ...{ type: "end", id, attempt: 1, result },
  ...{ timeStart: 1, took: 0.5 },
});
const messages: ChildMessage[] = [
  { type: "ready" },
  end(1, JSON.stringify("one\ntwo\r\n\u2028ä🧵,[]")),
  { type: "skipped", id: 2, mark: 3 },
  end(3, JSON.stringify("x".repeat(300_000))),
  end(4, "null"),
];

test.each([1, 7, 65_536])(
  "What a child tells is heard whole and in order, read by %s bytes",
  async (size) => {
    const file = path.join(temporaryFolder(), "told");
    const fd = openSync(file, "w");
    for (const message of messages)
      tell(fd, message.type === "end" ? packEnd(message) : message);
    const bytes = readFileSync(file);
    const stream = new PassThrough();
    const heard: ChildMessage[] = [];
    const broken = jest.fn();
    hear(stream, (message) => heard.push(message), broken);
    for (let at = 0; at < bytes.length; at += size)
      stream.write(bytes.subarray(at, at + size));
    stream.end();
    await once(stream, "end");
    expect(heard).toEqual(messages);
    expect(broken).not.toHaveBeenCalled();
  },
);

test.each([
  "null",
  "1",
  "{}",
  '"end"',
  '{"type":"other"}',
  "{}}",
  "[",
  "[1,2]",
  "[]",
  "a\nb",
  "",
])(
  "Of words that are no message, such as %j, those before are heard, and then none any more",
  (words) => {
    const stream = new PassThrough();
    const heard: ChildMessage[] = [];
    const broken = jest.fn();
    hear(stream, (message) => heard.push(message), broken);
    const line = (message: ChildMessage): string => JSON.stringify(message);
    const sent = [
      line(messages[0]!),
      line(messages[2]!),
      words,
      line(end(9, "1")),
    ];
    stream.emit("data", `${sent.join("\n")}\n`);
    expect(heard).toEqual([messages[0], messages[2]]);
    expect(broken).toHaveBeenCalledTimes(1);
    expect(stream.destroyed).toBe(true);
  },
);
