import { type Command, Option } from "commander";

import type { MapOptions } from "./begin.js";
import { integer } from "./integer.js";
import { runMap } from "./run.js";

/** The command `map`: it says what can be given, `run.ts` does it. */
export function defineMap(program: Command): void {
  program
    .command("map")
    .summary("a durable parallel map over files or lines")
    .description(
      "Calls a function once for each input, in a pool of processes, and keeps every result in a store: " +
        "a run that was stopped goes on where it stopped when it is started again.",
    )
    .argument(
      "<function>",
      "module.ts#export, called with { input: string }; what it returns is the result",
    )
    .argument(
      "<inputs...>",
      "files, or patterns with *, ? and ** ('src/**' is every file below src); or - for the lines of stdin",
    )
    .option("--store <file>", "where jobs and results are kept", "myjobs.db")
    .option("--nr-min <n>", "least workers", integer(0))
    .option("--nr-max <n>", "most workers", integer(1))
    .option("--timeout <ms>", "limit for each input; 0 = none", integer(0))
    .option("--json", "print results as JSON, one object a line")
    .addOption(
      new Option("--report", "print sums in place of the results").conflicts(
        "json",
      ),
    )
    .option("--fresh", "forget what this run has done before")
    .option("--retry-failed", "do again what failed before")
    .addHelpText("after", notes)
    .action(async (spec: string, inputs: string[], options: MapOptions) => {
      process.exitCode = await runMap(spec, inputs, options);
    });
}

const notes = `
Results are printed on stdout in the order in which they are ready, as input, tab, JSON; with those of an
earlier part of the same run. An input is known by its name: that a file or the function has changed since is
not noticed (--fresh does all again). A module in TypeScript needs Node to run under tsx:
node --import tsx node_modules/.bin/myjobs map ... Exit code: 0 all went well, 1 some input failed, 2 it could not begin, 130 stopped.`;
