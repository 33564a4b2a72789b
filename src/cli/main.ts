#!/usr/bin/env node
import { createRequire } from "node:module";

import { Command, CommanderError } from "commander";

import { defineMap } from "./map.js";
import { defineWorker } from "./worker.js";

const { version } = createRequire(import.meta.url)("../../package.json") as {
  version: string;
};

const program = new Command("myjobs")
  .description("Durable jobs in a pool of processes.")
  .version(version)
  .exitOverride();
defineMap(program);
defineWorker(program);

try {
  await program.parseAsync();
} catch (cause) {
  if (!(cause instanceof CommanderError)) throw cause;
  // It has been told already; help that was asked for is no mistake.
  process.exitCode = cause.exitCode === 0 ? 0 : 2;
}
