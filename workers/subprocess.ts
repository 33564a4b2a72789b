import { writeSync } from "node:fs";

import { type Queue, Runner } from "../src/execution/runner.js";
import { Marks } from "../src/transport/marks.js";
import {
  type ChildMessage,
  type ChildSettings,
  marksFd,
  tellFd,
} from "../src/transport/messages.js";
import {
  type PackedHostMessage,
  unpackJobs,
} from "../src/transport/packing.js";
import { tell } from "../src/transport/tell.js";

/**
 * The program of a forked worker: runs what its host sends, and ends with its host. Built it is CommonJS, in one
 * file (but for p-queue), which Node has up some milliseconds sooner than ES modules.
 */
const exit = process.exit.bind(process);
const abort = process.abort.bind(process);
// Jobs have no business with the host's words. (`disconnect` stays: Node itself calls it.)
Reflect.deleteProperty(process, "send");

const settings = JSON.parse(process.argv[2] ?? "") as ChildSettings;
process.argv.splice(2);

const { concurrency } = settings;
if (concurrency === 1) serve();
else
  void import("p-queue").then(({ default: PQueue }) => {
    serve(new PQueue({ concurrency }));
  });

function serve(queue?: Queue): void {
  const runner = new Runner(
    {
      ended: say,
      skipped: ({ job, mark }) => {
        say({ type: "skipped", id: job.id, mark });
      },
    },
    settings,
    { marks: new Marks(marksFd), queue },
  );
  process.on("message", (packed: PackedHostMessage) => {
    const message = unpackJobs(packed);
    if (message.type === "ping") say({ type: "pong" });
    else runner.take(message);
  });
  process.on("disconnect", () => exit(0));
  process.on("uncaughtException", (thrown: unknown) => {
    // It belongs to the job in whose context it happened, which may have ended long ago.
    const fault = runner.fault(thrown);
    process.stderr.write(`${fault.error.stack}\n`);
    say({ type: "fault", ...fault });
    exit(1);
  });
  process.exit = (...args) => {
    tellOfEnded(runner, `process.exit(${args.join("")})`);
    // That there is no code is another thing than one that is undefined.
    return exit(...args);
  };
  process.abort = () => {
    tellOfEnded(runner, "process.abort()");
    return abort();
  };
  say({ type: "ready" });
}

/** What an ended job has left ends the process, which the job that runs now would pay for. */
function tellOfEnded({ ended }: Runner, what: string): void {
  if (ended === undefined) return;
  const message = `job ${String(ended.id)}, which had ended, called ${what}`;
  const error = { name: "CrashError", message, stack: message };
  say({ type: "fault", ...ended, error });
}

function say(message: ChildMessage): void {
  try {
    tell(tellFd, message);
  } catch (cause) {
    // Its host is gone; or a job has closed the way to it, or given what makes no text: then this is why it ends.
    if ((cause as { code?: unknown }).code !== "EPIPE")
      writeSync(2, `its host cannot be told: ${String(cause)}\n`);
    exit(1);
  }
}
