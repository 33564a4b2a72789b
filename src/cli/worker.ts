import { type Command, Option } from "commander";

import { integer } from "./integer.js";
import { runWorker, type WorkerCommandOptions } from "./serve.js";

/** The command `worker`: it says what can be given, `serve.ts` does it. */
export function defineWorker(program: Command): void {
  program
    .command("worker")
    .summary("a process that runs the jobs of a store")
    .description(
      "Runs the jobs of a store in a pool of processes that grows and shrinks with the queue, until it is " +
        "stopped: beside the service that schedules them, or without it. Any number may share a store.",
    )
    .option("--store <file>", "whose jobs are run", "myjobs.db")
    .option("--nr-min <n>", "least workers", integer(0))
    .option("--nr-max <n>", "most workers", integer(1))
    .option("--category <name...>", "run jobs of these categories alone")
    .addOption(
      new Option(
        "--nr <n>",
        "in place of the pool a single worker of this number, that ends when it is halted",
      )
        .argParser(integer(1))
        .conflicts(["nrMin", "nrMax"]),
    )
    .option("--quiet", "do not show what jobs print, nor their starts and ends")
    .addOption(new Option("--settings <file>").hideHelp())
    .addHelpText("after", notes)
    .action(async (options: WorkerCommandOptions) => {
      process.exitCode = await runWorker(options);
    });
}

const notes = `
SIGINT (Ctrl-C) and SIGTERM let running jobs finish for a minute; a second one ends them at once, and they run
again later. Exit code: 0 stopped or halted, 1 it failed, 2 it could not begin, 130 ended at once.`;
