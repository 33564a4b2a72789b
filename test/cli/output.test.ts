import { PassThrough } from "node:stream";

import { afterEach, describe, expect, jest, test } from "@jest/globals";

import { duration } from "../../src/cli/format.js";
import { spark } from "../../src/cli/history.js";
import { bar, Progress, type Standing, tell } from "../../src/cli/progress.js";
import { Rate } from "../../src/cli/rate.js";
import { Report } from "../../src/cli/report.js";
import { jsonLine, plainLine, Printer } from "../../src/cli/results.js";
import { Tally } from "../../src/cli/tally.js";
import { Timeline } from "../../src/cli/timeline.js";
import type { Job } from "../../src/index.js";

const halfway: Standing = {
  done: 4_500,
  earlier: 0,
  failed: 0,
  total: 9_000,
  workers: 4,
};

describe("The line of progress", () => {
  test("has a bar, the rate, the workers and the time that is left", () => {
    expect(bar(halfway, 1_500, 100)).toBe(
      "[##########----------] 4,500/9,000 done, 1,500 jobs/s, 4 workers, 3 s left",
    );
  });

  test("says what it knows while the total is unknown", () => {
    const standing = { ...halfway, total: undefined, workers: 1, failed: 2 };
    expect(bar(standing, 2.5, 100)).toBe(
      "4,500 done, 2.5 jobs/s, 1 worker, 2 failed",
    );
    expect(tell(halfway, 0)).toBe("4,500/9,000 done, 0 jobs/s, 4 workers");
    expect(tell(halfway, undefined)).toBe("4,500/9,000 done, 4 workers");
  });

  test("is full only at the end, and never wider than the terminal", () => {
    expect(bar({ ...halfway, done: 8_999 }, 1, 100)).toContain("#-]");
    expect(bar({ ...halfway, done: 9_000 }, 1, 100)).toContain("##]");
    expect(bar(halfway, 1, 30)).toHaveLength(29);
  });

  test.each([
    [0.25, "0.3 s"],
    [59.4, "59 s"],
    [125, "2 min 05 s"],
    [3_725, "1 h 02 min"],
  ])("says %d seconds as %s", (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });
});

describe("Progress", () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  function shown(isTTY: boolean): string[] {
    jest.useFakeTimers();
    const texts: string[] = [];
    const terminal = {
      isTTY,
      columns: 80,
      write: (text: string) => texts.push(text),
    };
    const progress = new Progress(terminal, () => halfway);
    progress.start();
    jest.advanceTimersByTime(4_000);
    progress.say("a word");
    progress.stop();
    jest.advanceTimersByTime(4_000);
    return texts;
  }

  test("draws one line over itself on a terminal, and leaves it clear", () => {
    const texts = shown(true);
    expect(texts).toHaveLength(40 + 3);
    expect(texts[0]).toMatch(/^\r\u001b\[K\[#+-+\] 4,500\/9,000 done, 4 wo/);
    expect(texts[9]).toMatch(/^\r\u001b\[K\[#+-+\] 4,500\/9,000 done, 0 jo/);
    expect(texts.slice(-3)).toEqual(["\r\u001b[K", "a word\n", "\r\u001b[K"]);
    expect(texts.join("").split("\n")).toHaveLength(2);
  });

  test("writes a plain line now and then elsewhere", () => {
    const line = "4,500/9,000 done, 0 jobs/s, 4 workers\n";
    expect(shown(false)).toEqual([line, line, "a word\n"]);
  });
});

test("The rate is that of the last seconds", () => {
  const rate = new Rate();
  expect(rate.add(0, 0)).toBeUndefined();
  expect(rate.add(900, 95)).toBeUndefined();
  expect(rate.add(1_000, 100)).toBe(100);
  for (let second = 2; second <= 20; second += 1)
    rate.add(second * 1_000, 100 + (second - 1) * 10);
  expect(rate.add(21_000, 300)).toBe(10);
});

describe("The report", () => {
  test("sums each number of the results, and nothing else", () => {
    const report = new Report();
    report.add({ result: { bytes: 10, name: "a", nested: { bytes: 1 } } });
    report.add({ result: { bytes: 1_234_567, lines: 0.5 } });
    for (const result of [undefined, null, "text", ["a"], 7])
      report.add({ result });
    expect(report.table()).toEqual([
      "field     count      total  min        max       mean",
      "bytes         2  1,234,577   10  1,234,567  617,288.5",
      "lines         1        0.5  0.5        0.5        0.5",
      "(result)      1          7    7          7          7",
    ]);
  });

  test("says so if there are none, and does not grow with what there is", () => {
    const report = new Report();
    expect(report.table()).toEqual(["no numbers in the results"]);
    for (let nr = 0; nr < 1_000; nr += 1)
      report.add({ result: { [`field ${String(nr)}`]: nr } });
    expect(report.table().length).toBeLessThan(50);
  });
});

describe("The picture of the pool", () => {
  test("has a column for each piece of time, with the most workers and the rate", () => {
    const timeline = new Timeline(100);
    timeline.add(0, 1, 0);
    timeline.add(60, 3, 20);
    timeline.add(130, 2, 30);
    timeline.add(420, 4, 35);
    expect(timeline.workers).toEqual([3, 2, 2, 2, 4]);
    expect(timeline.rates).toEqual([200, 100, 0, 0, 50]);
  });

  test("never has more columns than fit in a line, however long it takes", () => {
    const timeline = new Timeline(100);
    for (let at = 0; at < 1_000_000; at += 100)
      timeline.add(at, at < 500_000 ? 2 : 8, at / 10);
    expect(timeline.workers.length).toBeLessThanOrEqual(60);
    expect(timeline.workers.length).toBeGreaterThan(30);
    expect(timeline.workers.slice(0, 10)).toEqual(Array(10).fill(2));
    expect(timeline.workers.at(-1)).toBe(8);
    expect(timeline.rates[5]).toBeCloseTo(100, 0);
  });

  test("is drawn in characters of eight heights", () => {
    expect(spark([0, 1, 2, 4, 8, 7, 0.1])).toBe(" ▁▂▄█▇▁");
    expect(spark([0, 0])).toBe("  ");
  });
});

describe("Results", () => {
  const good = job({ state: "OK", result: { n: 1 } });
  const empty = job({ state: "DONE", result: undefined });
  const bad = job({
    state: "ERROR",
    errorCat: "CRASH",
    error: {
      name: "Error",
      message: "gone",
      stack: "Error: gone\n  at x",
      code: 7,
    },
  });

  test("are printed as lines", () => {
    expect([good, empty, bad].map(plainLine)).toEqual([
      'in\t{"n":1}\n',
      "in\tnull\n",
      "",
    ]);
    expect([good, empty, bad].map(jsonLine)).toEqual([
      '{"input":"in","result":{"n":1}}\n',
      '{"input":"in","result":null}\n',
      '{"input":"in","error":{"errorCat":"CRASH","name":"Error","message":"gone","code":7}}\n',
    ]);
  });

  test("are printed no faster than they are read", async () => {
    const stream = new PassThrough({ highWaterMark: 10 });
    const before = jest.fn();
    const printer = new Printer(stream, plainLine, before);
    for (let nr = 0; nr < 3; nr += 1) printer.add(good);
    let isReady = false;
    const ready = printer.ready().then(() => (isReady = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isReady).toBe(false);
    expect(String(stream.read())).toBe('in\t{"n":1}\n'.repeat(3));
    await ready;
    expect(before).toHaveBeenCalledTimes(1);
  });

  test("are summed up at the end, with the first failures by name", () => {
    const tally = new Tally();
    expect(tally.summary(2)).toEqual(["no inputs"]);
    tally.add(good, true);
    tally.add(good, false);
    expect(tally.summary(2)).toEqual([
      "2 inputs done: 1 of them had been done already, 1 in 2 s (0.5 jobs/s)",
    ]);
    for (let nr = 0; nr < 7; nr += 1) tally.add(bad, false);
    expect(tally.summary(2).slice(1)).toEqual([
      "7 failed:",
      ...Array<string>(5).fill("  in: CRASH: gone"),
      "  ...",
    ]);
  });

  function job(fields: Partial<Job>): Job {
    return { kwargs: { input: "in" }, ...fields } as unknown as Job;
  }
});
