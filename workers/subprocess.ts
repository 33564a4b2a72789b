import { Runner } from "../src/execution/runner.js";
import { Marks } from "../src/transport/marks.js";
import {
  type ChildMessage,
  type ChildSettings,
  type HostMessage,
  marksFd,
} from "../src/transport/messages.js";

/** The program of a forked worker: runs what its host sends, and ends with its host. */
const send = process.send?.bind(process);
const exit = process.exit.bind(process);
// Jobs have no business with the channel. (`disconnect` stays: Node itself calls it.)
Reflect.deleteProperty(process, "send");

// Without a callback a host that is gone would be an uncaught error; its end is told by `disconnect`.
const ignore = (): void => undefined;
const tell = (message: ChildMessage, sent?: () => void): void => {
  send?.(message, sent ?? ignore);
};

const settings = JSON.parse(process.argv[2] ?? "") as ChildSettings;
process.argv.splice(2);

const runner = new Runner(
  {
    ended: (end) => {
      tell({ type: "end", ...end });
    },
    skipped: ({ id, mark }) => {
      tell({ type: "skipped", id, mark });
    },
  },
  settings,
  new Marks(marksFd),
);

process.on("message", (message: HostMessage) => {
  if (message.type === "ping") tell({ type: "pong" });
  else runner.take(message);
});
process.on("disconnect", () => exit(0));
process.on("uncaughtException", (thrown: unknown) => {
  // It belongs to the job in whose context it happened, which may have ended long ago.
  const fault = runner.fault(thrown);
  process.stderr.write(`${fault.error.stack}\n`);
  tell({ type: "fault", ...fault }, () => exit(1));
});

tell({ type: "ready" });
