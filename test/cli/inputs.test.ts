import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";

import { describe, expect, test } from "@jest/globals";

import { batches } from "../../src/cli/batches.js";
import { glob } from "../../src/cli/glob.js";
import { isNotStore, readInputs } from "../../src/cli/inputs.js";
import { lines } from "../../src/cli/lines.js";
import { temporaryFolder } from "../support/instance.js";

const never = new AbortController().signal;

describe("The lines of a stream", () => {
  test("are put together from its pieces, wherever these end", async () => {
    const stream = new PassThrough();
    const reading = all(lines(stream, never));
    for (const piece of [
      "a",
      "b",
      "\n",
      "c\r\nd\n\n",
      "ä".repeat(3),
      "\n",
      "e",
    ])
      stream.write(piece);
    stream.end();
    expect(await reading).toEqual(["ab", "c", "d", "äää", "e"]);
  });
});

describe("A pattern", () => {
  const tree = [
    "a.txt",
    "b.md",
    ".hidden",
    "src/a.ts",
    "src/ab.ts",
    "src/a.ts.map",
    "src/deep/a.ts",
    "src/deep/er/a.ts",
    "src/deep/er/b (1)+[2].ts",
    "src/deepest/ä.ts",
  ];

  test.each([
    ["*", [".hidden", "a.txt", "b.md"]],
    ["**", tree],
    ["src/*", ["src/a.ts", "src/a.ts.map", "src/ab.ts"]],
    ["src/a?.ts", ["src/ab.ts"]],
    ["src/*/a.ts", ["src/deep/a.ts"]],
    ["**/a.ts", ["src/a.ts", "src/deep/a.ts", "src/deep/er/a.ts"]],
    ["src/**/a.ts", ["src/a.ts", "src/deep/a.ts", "src/deep/er/a.ts"]],
    ["**/**/a.ts", ["src/a.ts", "src/deep/a.ts", "src/deep/er/a.ts"]],
    ["src/**/er/**", ["src/deep/er/a.ts", "src/deep/er/b (1)+[2].ts"]],
    ["**/deep/**/a.ts", ["src/deep/a.ts", "src/deep/er/a.ts"]],
    ["src/deep*/?.ts", ["src/deep/a.ts", "src/deepest/ä.ts"]],
    ["src/deep/er/b*(1)+[2].ts", ["src/deep/er/b (1)+[2].ts"]],
    [
      "src/deep/**/",
      ["src/deep/a.ts", "src/deep/er/a.ts", "src/deep/er/b (1)+[2].ts"],
    ],
    ["src/**.map", ["src/a.ts.map"]],
    ["no/**", []],
    ["a.txt/*", []],
  ])("%s names files, each once, sorted", async (pattern, expected) => {
    const root = plant(tree);
    const found = await all(glob(path.join(root, pattern)));
    expect(found.map((file) => path.relative(root, file))).toEqual(
      [...expected].sort(),
    );
    expect(found).toEqual(await all(glob(path.join(root, pattern))));
  });

  test("is read from where we are if it is relative, and its matches are too", async () => {
    expect(await all(glob("test/cli/in*.test.ts"))).toEqual([
      "test/cli/inputs.test.ts",
    ]);
    expect(await all(glob("package.jso?"))).toEqual(["package.json"]);
    expect(await all(glob("./test/cli/in*.test.ts"))).toEqual([
      "./test/cli/inputs.test.ts",
    ]);
  });

  test("takes links to files, and goes through links to folders only by name", async () => {
    const root = plant(["in/file", "in/folder/inner"]);
    symlinkSync("file", path.join(root, "in/link"));
    symlinkSync("folder", path.join(root, "in/way"));
    symlinkSync(".", path.join(root, "in/round"));
    symlinkSync("nowhere", path.join(root, "in/broken"));
    const found = async (pattern: string): Promise<string[]> =>
      (await all(glob(path.join(root, pattern)))).map((file) =>
        path.relative(root, file),
      );
    expect(await found("in/**")).toEqual([
      "in/file",
      "in/folder/inner",
      "in/link",
    ]);
    expect(await found("in/w*/inner")).toEqual(["in/way/inner"]);
  });
});

describe("Inputs", () => {
  test("are files in the order given, counted before they are read", async () => {
    const root = plant(["b", "a", "odd*name", "jobs.db", "jobs.db-beside"]);
    const given = ["b", "a", "odd*name", "*"].map((name) =>
      path.join(root, name),
    );
    const isInput = isNotStore(path.join(root, "jobs.db"));
    const inputs = await readInputs(given, new PassThrough(), isInput);
    const names = (await all(inputs.read(never))).map((file) =>
      path.basename(file),
    );
    expect(names).toEqual(["b", "a", "odd*name", "a", "b", "odd*name"]);
    expect(await inputs.count?.(never)).toBe(6);
  });

  test("that are lines come whole, whatever the pieces they arrive in", async () => {
    const stream = new PassThrough();
    const text = "one\r\n\ntwö\n\nthree 𝄞";
    for (const byte of Buffer.from(text)) stream.write(Buffer.from([byte]));
    stream.end();
    expect(await all(lines(stream, never))).toEqual(["one", "twö", "three 𝄞"]);
  });

  test("that are lines are read no faster than they are taken", async () => {
    const stream = new PassThrough({ highWaterMark: 16_384 });
    const line = `${"x".repeat(1_000)}\n`;
    let room = true;
    let written = 0;
    while (room) {
      room = stream.write(line);
      written += 1;
    }
    const reading = lines(stream, never);
    await reading.next();
    while (stream.write(line)) written += 1;
    expect(written).toBeLessThan(100);
    await reading.return(undefined);
  });

  test("end at the signal, even while nothing comes", async () => {
    const stop = new AbortController();
    const reading = all(lines(new PassThrough(), stop.signal));
    stop.abort();
    await expect(reading).rejects.toThrow("aborted");
  });
});

describe("Batches", () => {
  test("are full while items come fast, and the last is what is left", async () => {
    const numbers = Array.from({ length: 25 }, (_, nr) => nr);
    const found = await all(batches(from(numbers), 10, 60_000));
    expect(found.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(found.flat()).toEqual(numbers);
  });

  test("do not wait for a slow source, nor lose an item of it", async () => {
    let more = (): void => undefined;
    const source = async function* (): AsyncGenerator<number> {
      yield 1;
      yield 2;
      await new Promise<void>((resolve) => (more = resolve));
      yield 3;
    };
    const found = batches(source(), 10, 1);
    expect((await found.next()).value).toEqual([1, 2]);
    more();
    expect((await found.next()).value).toEqual([3]);
    expect((await found.next()).done).toBe(true);
  });

  test("hand on the source's error behind what came before it, and end the source when left", async () => {
    let ended = 0;
    const source = async function* (): AsyncGenerator<number> {
      try {
        yield 1;
        await Promise.resolve();
        throw new Error("dry");
      } finally {
        ended += 1;
      }
    };
    const found = batches(source(), 1, 60_000);
    expect((await found.next()).value).toEqual([1]);
    await expect(found.next()).rejects.toThrow("dry");
    for await (const _ of batches(source(), 1, 60_000)) break;
    expect(ended).toBe(2);
  });
});

function plant(files: readonly string[]): string {
  const root = temporaryFolder();
  for (const file of files) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), "");
  }
  return root;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function* from<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}
