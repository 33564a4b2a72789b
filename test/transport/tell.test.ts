import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";

import { expect, jest, test } from "@jest/globals";

import type { ChildMessage, End } from "../../src/transport/messages.js";
import { hear, tell } from "../../src/transport/tell.js";
import { temporaryFolder } from "../support/instance.js";

const end = (id: number, result: string): End => ({
  ...{ type: "end", id, attempt: 1, result },
  ...{ timeStart: 1, took: 0.5 },
});
const messages: ChildMessage[] = [
  { type: "ready" },
  end(1, JSON.stringify("one\ntwo\r\n\u2028ä🧵,[]")),
  { type: "skipped", id: 2, mark: 3 },
  end(3, JSON.stringify("x".repeat(300_000))),
  end(4, "null"),
  // About as long as what is kept for those that are usual.
  ...[1_360, 1_365, 1_370, 4_080, 4_100].map((length) =>
    end(length, JSON.stringify("語".repeat(length))),
  ),
  { ...end(5, "1"), rss: 5 },
  { ...end(6, "1"), timeStart: -1_000, took: 0.017 },
  { ...end(7, "1"), took: 86_400_000.001 },
  { ...end(8, "1"), error: { name: "Error", message: "no", stack: "" } },
];

test.each([1, 7, 65_536])(
  "What a child tells is heard whole and in order, read by %s bytes",
  async (size) => {
    const file = path.join(temporaryFolder(), "told");
    const fd = openSync(file, "w");
    for (const message of messages) tell(fd, message);
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
  "7=1,2,3,4,5",
  "=1,2,=3,4,5,6,7",
  "=1,2,3,4,=5,6,7,8,9",
  "=1,2,3,4,",
  "=1,2,,4,5",
  "=1,2,3,x,5",
  "=1,2,3,4",
  "=1,2,3.5,4,5",
  "=1,-2,3,4,5",
  `=1,2,3,${"9".repeat(400)},5`,
  `=1,2,${"9".repeat(17)},4,5`,
  '{"type":"fault","id":1,"attempt":1}',
  '{"type":"fault","id":"1","attempt":1,"error":{"name":"","message":"","stack":""}}',
  '{"type":"fault","id":1,"attempt":1,"error":{"name":"","message":""}}',
  '{"type":"skipped","id":1}',
  '{"type":"end","id":1,"attempt":1,"timeStart":1,"took":1,"result":{}}',
  '{"type":"end","id":1,"attempt":1,"took":1,"result":"1"}',
  '{"type":"end","id":1,"attempt":1,"timeStart":1,"took":1e999,"result":"1"}',
  '{"type":"end","id":1,"attempt":1,"timeStart":1,"took":1}',
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
  async (words) => {
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
    stream.write(`${sent.join("\n")}\n`);
    await once(stream, "close");
    expect(heard).toEqual([messages[0], messages[2]]);
    expect(broken).toHaveBeenCalledTimes(1);
    expect(stream.destroyed).toBe(true);
  },
);
