import { Runner } from "../src/execution/runner.js";
import { tell } from "../src/transport/lines.js";
import { Marks } from "../src/transport/marks.js";
import {
  type ChildMessage,
  type ChildSettings,
  type HostMessage,
  marksFd,
  tellFd,
} from "../src/transport/messages.js";

/** The program of a forked worker: runs what its host sends, and ends with its host. */
const exit = process.exit.bind(process);
// Jobs have no business with the channel. (`disconnect` stays: Node itself calls it.)
Reflect.deleteProperty(process, "send");

const say = (message: ChildMessage): void => {
  try {
    tell(tellFd, message);
  } catch {
    exit(1); // Its host is gone, or a job has closed the way to it: it would be waited for in vain.
  }
};

const settings = JSON.parse(process.argv[2] ?? "") as ChildSettings;
process.argv.splice(2);

const runner = new Runner(
  {
    ended: (end) => {
      say({ type: "end", ...end });
    },
    skipped: ({ id, mark }) => {
      say({ type: "skipped", id, mark });
    },
  },
  settings,
  new Marks(marksFd),
);

process.on("message", (message: HostMessage) => {
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

say({ type: "ready" });
