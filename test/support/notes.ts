import type { ClaimedJob } from "../../src/models/job.js";
import type { Vessel } from "../../src/pool/vessel.js";
import { Marks, marksSize } from "../../src/transport/marks.js";
import type { SentJob, WorkMessage } from "../../src/transport/messages.js";
import { nameless } from "../../src/transport/nameless.js";

/** A vessel that only notes what it is told. */
export class Notes implements Vessel {
  readonly pid = 0;
  readonly killable = true;
  readonly marks = new Marks(nameless(marksSize));
  readonly silent = false;
  readonly sent: SentJob[] = [];
  readonly signals: string[] = [];
  start(): Promise<void> {
    return Promise.resolve();
  }
  ping(): void {
    this.signals.push("ping");
  }
  send(message: WorkMessage): void {
    if (message.type === "jobs") this.sent.push(...message.jobs);
  }
  signal(signal: string): void {
    this.signals.push(signal);
  }
  leave(): void {
    this.signals.push("leave");
  }
  close(): void {
    this.marks.close();
  }
}

/** A job as a worker gets it. */
export function claimedJob(id: number): ClaimedJob {
  return {
    id,
    name: "",
    category: "",
    timeout: 0,
    actionId: 1,
    kwargs: "{}",
    attempt: 1,
    interruptions: 0,
    dependencies: [],
    results: [],
  };
}
