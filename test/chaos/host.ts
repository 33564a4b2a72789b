/** A host of a history: does what its parent asks by message, and answers each. */
import { type Job, MyJobs, type OpenOptions } from "../../src/index.js";
import { act, type Task } from "./task.js";

export interface Calls {
  open: (
    store: string,
    options: OpenOptions,
    nrMin: number,
    nrMax: number,
  ) => null;
  schedule: (tasks: Task[], options: Scheduled) => number[];
  cancel: (id: number) => boolean;
  halt: (id: number) => null;
  kill: (id: number) => null;
  scale: (nrMin: number, nrMax: number) => null;
  openWindows: (nrWorkers: number) => null;
  check: () => null;
  stop: (graceful: boolean) => null;
}

export interface Scheduled {
  name?: string;
  timeout?: number;
  dependencies?: number[];
}

export interface Question {
  nr: number;
  call: keyof Calls;
  args: unknown[];
}

export type Answer =
  | { nr: number; value: unknown }
  | { nr: number; error: string }
  | { fault: string };

type Calling = {
  [Call in keyof Calls]: (
    ...args: Parameters<Calls[Call]>
  ) => Promise<ReturnType<Calls[Call]>>;
};

let myjobs: MyJobs | undefined;
let stopped = false;

function opened(): MyJobs {
  if (myjobs === undefined) throw new Error("not open");
  return myjobs;
}

async function worker(id: number, end: "halt" | "kill"): Promise<null> {
  const all = await opened().workersFind();
  const one = all.find((worker) => worker.toJSON().id === id);
  await one?.[end]();
  return null;
}

const calling: Calling = {
  open: async (store, options, nrMin, nrMax) => {
    myjobs = await MyJobs.open({ store, ...options });
    myjobs.on("error", ({ name, message }) =>
      tell({ fault: `${name}: ${message}` }),
    );
    await myjobs.workersSubprocessStart({ nrMin, nrMax });
    return null;
  },
  schedule: async (tasks, options) => {
    const jobs: Job[] = await opened().scheduleMany(act, tasks, options);
    return jobs.map(({ id }) => id);
  },
  cancel: async (id) => (await opened().jobs.get(id)).cancel(),
  halt: (id) => worker(id, "halt"),
  kill: (id) => worker(id, "kill"),
  scale: (nrMin, nrMax) => {
    // In the order in which they never cross.
    const wider = nrMax >= opened().nrMin;
    if (wider) opened().nrMax = nrMax;
    opened().nrMin = nrMin;
    opened().nrMax = nrMax;
    return Promise.resolve(null);
  },
  openWindows: async (nrWorkers) => {
    await opened().workersTmuxStart({ nrWorkers });
    return null;
  },
  check: async () => {
    await opened().workersCheck();
    return null;
  },
  stop: async (graceful) => {
    await opened().stop({ graceful });
    return null;
  },
};

function tell(answer: Answer): void {
  if (process.connected) process.send!(answer, () => undefined);
}

process.on("message", ({ nr, call, args }: Question) => {
  const called = calling[call] as (...args: unknown[]) => Promise<unknown>;
  called(...args).then(
    (value) => {
      tell({ nr, value });
      // After a stop nothing but the channel may keep it alive.
      if (call !== "stop") return;
      stopped = true;
      process.disconnect();
    },
    (error: unknown) => tell({ nr, error: String(error) }),
  );
});
process.on("disconnect", () => {
  // Who asked is gone.
  if (!stopped) process.exit(9);
});
