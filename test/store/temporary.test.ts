import { expect, test } from "@jest/globals";

import { program, temporaryFile, temporaryFolder } from "./support.js";

test("A statement about very many jobs makes no temporary file, in which SQLite would keep what it may have to undo", async () => {
  const temporary = temporaryFolder();
  const { lines, exit } = program(
    "crowd",
    [temporaryFile(), temporary],
    ["env", `SQLITE_TMPDIR=${temporary}`],
  );
  expect(await exit).toEqual({ end: 0, errors: "" });
  expect(JSON.parse(lines.at(-1)!)).toEqual({
    ended: 1_000,
    released: 500,
    seen: ["the last"],
  });
});
