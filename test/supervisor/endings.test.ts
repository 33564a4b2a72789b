import { expect, test } from "@jest/globals";

import { Ending } from "../../src/supervisor/ending.js";
import { Endings } from "../../src/supervisor/endings.js";

const count = 1_000;
const all = Array.from({ length: count }, (_, nr) => new Ending(3 * nr + 1, 0));

function filled(): Endings {
  const endings = new Endings();
  for (const ending of all) endings.add(ending);
  return endings;
}

test("Parts hold each that is there once, and are about as large as was asked for", () => {
  const parts = [...filled().inParts(300, () => true)];
  expect(parts.flat()).toEqual(all);
  expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(400);
  expect(parts.length).toBeLessThan(5);
  expect([...new Endings().inParts(300, () => true)].flat()).toEqual([]);
});

test("Parts are filled with those that are asked for, however few they are", () => {
  const rare = all.filter((_, nr) => nr % 50 === 0);
  const isRare = (ending: Ending): boolean => rare.includes(ending);
  expect([...filled().inParts(1_000, isRare)]).toEqual([rare]);
});

test("Parts hold none that went before its turn, and do not go on for those that come", () => {
  const endings = filled();
  const seen: Ending[] = [];
  let next = 3 * count + 1;
  for (const part of endings.inParts(100, () => true)) {
    seen.push(...part);
    if (seen.length > 2 * count) break;
    for (let nr = 0; nr < 500; nr += 1) endings.add(new Ending((next += 1), 0));
    if (seen.length < 200) endings.remove(all.at(-1)!);
  }
  expect(seen.filter(({ id }) => id <= 3 * count)).toEqual(all.slice(0, -1));
  expect(seen.length).toBeLessThan(count + 64);
});
