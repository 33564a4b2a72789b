import { expect, test } from "@jest/globals";

import { after, Marks, marksSize } from "../../src/transport/marks.js";
import { nameless } from "../../src/transport/nameless.js";

test("Marks begin anew when they are as large as can be written, and none is 0", () => {
  const largest = 2 ** 32 - 1;
  expect([after(0), after(1), after(largest)]).toEqual([1, 2, 1]);
  const marks = new Marks(nameless(marksSize));
  expect(marks.start(largest)).toBe(true);
  expect(marks.revoke(largest)).toBe(false);
  expect(marks.revoke(after(largest))).toBe(true);
  marks.close();
});
