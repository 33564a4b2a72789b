import { expect, test } from "@jest/globals";

import { childEnvironment, childExecArgv } from "../../src/pool/environment.js";

test("a child gets the environment less what is the host's own, with the user's changes", () => {
  const inherited = {
    PATH: "/bin",
    HOME: "/root",
    NODE_CHANNEL_FD: "3",
    JEST_WORKER_ID: "1",
    VITEST_POOL_ID: "1",
    NODE_V8_COVERAGE: "/x",
    NODE_OPTIONS: "--inspect=0 --enable-source-maps --experimental-vm-modules",
  };
  expect(
    childEnvironment(
      { ADDED: "1", HOME: undefined, JEST_WORKER_ID: "7" },
      inherited,
    ),
  ).toEqual({
    PATH: "/bin",
    ADDED: "1",
    JEST_WORKER_ID: "7",
    NODE_OPTIONS: "--enable-source-maps",
  });
});

test("a child gets Node's arguments less those that are the host's own", () => {
  const inherited = [
    "--inspect-brk=9229",
    "--import",
    "file:///loader.mjs",
    "-e",
    "code",
    "--max-old-space-size=100",
    "--test",
    "--cpu-prof",
    "--watch-path",
    "src",
    "--conditions=dev",
    "--experimental-vm-modules",
    "--require",
    "./x.cjs",
  ];
  expect(childExecArgv(inherited)).toEqual([
    "--import",
    "file:///loader.mjs",
    "--max-old-space-size=100",
    "--conditions=dev",
    "--require",
    "./x.cjs",
  ]);
});
