import { existsSync } from "node:fs";
import path from "node:path";

import { MyJobs } from "../index.js";
import { Interrupt } from "./interrupt.js";
import { readSettings } from "./settings.js";
import { messageOf, plain, UsageError } from "./usage.js";

export interface WorkerCommandOptions {
  store: string;
  nrMin?: number;
  nrMax?: number;
  category?: string[];
  nr?: number;
  quiet?: true;
  /** What the instance that opened this window has to say: see `settings.ts`. */
  settings?: string;
}

const exitCodes = { ok: 0, failed: 1, notBegun: 2, atOnce: 130 };

/** Runs the command until it is stopped, or its single worker has been halted; resolves to the exit code. */
export async function runWorker(
  options: WorkerCommandOptions,
): Promise<number> {
  let myjobs: MyJobs | undefined;
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", () => undefined); // nobody watches any more: the jobs go on
  const interrupt = new Interrupt(() => {
    myjobs?.stop({ graceful: false }).catch(() => undefined); // told below
  });
  // A pool that has shrunk to nothing does not hold the process.
  const alive = setInterval(() => undefined, 2 ** 30);
  let code = exitCodes.notBegun;
  try {
    const { debug, ...settings } = readSettings(options.settings);
    const { store } = options;
    if (store === ":memory:")
      throw new UsageError("a store in memory has no jobs for another process");
    const isNew = !existsSync(store);
    myjobs = await MyJobs.open({ ...settings, ...openOptions(options) });
    if (isNew) say(`made ${path.resolve(store)}, which was not there`);
    const stopped = aborted(interrupt.signal);
    const serving = serve(myjobs, options, debug, stopped);
    try {
      // Told to stop while it starts, it need not come up.
      await Promise.race([serving, stopped]);
      code = exitCodes.failed;
    } finally {
      await myjobs.stop({ graceful: !interrupt.impatient });
    }
    return interrupt.impatient ? exitCodes.atOnce : exitCodes.ok;
  } catch (cause) {
    say(`error: ${plain(cause)}`);
    return code;
  } finally {
    clearInterval(alive);
    interrupt.close();
  }
}

/** Resolves when it is time to stop. */
async function serve(
  myjobs: MyJobs,
  { store, nr }: WorkerCommandOptions,
  debug: boolean,
  stopped: Promise<void>,
): Promise<void> {
  let over = stopped;
  myjobs.on("error", (error) => {
    say(`error: ${messageOf(error)}`);
  });
  if (nr === undefined) await myjobs.workersSubprocessStart();
  else {
    over = Promise.race([stopped, halted(myjobs)]);
    const type = process.env.TMUX === undefined ? "subprocess" : "tmux";
    await myjobs.workerSubprocessStart({ nr, debug, type });
  }
  const names = [...myjobs.workers.values()].map(({ name }) => name).join(" ");
  say(`serving ${store} (${names || "no worker yet"}); Ctrl-C stops`);
  await over;
}

/** Resolves when a worker has ended because somebody told it to, and not to be replaced by a fresh one. */
function halted(myjobs: MyJobs): Promise<void> {
  return new Promise((resolve) => {
    myjobs.on("worker", (worker, state) => {
      if (state !== "HALTED") return;
      worker.load().then(({ halting }) => {
        if (halting) resolve();
      }, resolve);
    });
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const tell = (): void => {
      say("stopping, running jobs may finish (once more: at once)");
      resolve();
    };
    if (signal.aborted) tell();
    else signal.addEventListener("abort", tell);
  });
}

function openOptions({
  store,
  nrMin,
  nrMax,
  category,
  quiet,
}: WorkerCommandOptions): Parameters<typeof MyJobs.open>[0] {
  return {
    store,
    show: quiet === undefined,
    ...(nrMin === undefined ? {} : { nrMin }),
    ...(nrMax === undefined ? {} : { nrMax }),
    ...(category === undefined ? {} : { categories: category }),
  };
}

function say(line: string): void {
  process.stderr.write(`myjobs worker: ${line}\n`);
}
