import { expect, test } from "@jest/globals";

import { OptionError } from "../src/errors.js";

test("An error is told with its fields, whatever the user makes of stacks", () => {
  const before = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace");
  try {
    Error.prepareStackTrace = (_, sites) => sites;
    const error = new OptionError("open", "nrMax", -1, "a number");
    expect(error.message).toBe("open: nrMax is -1, expected a number");
    expect(Array.isArray(error.stack)).toBe(true);
  } finally {
    Reflect.deleteProperty(Error, "prepareStackTrace");
    if (before !== undefined)
      Object.defineProperty(Error, "prepareStackTrace", before);
  }
});
