import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { monotonic, sleep } from "../clock.js";
import { WorkerError } from "../errors.js";
import { workerName } from "../models/worker.js";
import type { OpenValues } from "../options.js";
import {
  childEnvironment,
  childExecArgv,
  programFlags,
} from "../pool/environment.js";
import { lives, type ProcessName, signalProcess } from "../processes.js";
import { commandProgram } from "../programs.js";
import { Session, type Window } from "../tmux/session.js";

/** How long a worker in a window may take to be ready, in milliseconds. */
const bootLimit = 30_000;
/** Between two looks whether it is; tmux is asked less often than the store. */
const pause = 25;
const looksPerAsk = 8;
/** How long a window may take to close when its program has ended, in milliseconds. */
const closeLimit = 5_000;

/** What the program in a window is told that is not for everybody's eyes: it is not in its arguments. */
interface WindowSettings {
  /** For its `MyJobs.open`; what is undefined in `workerEnv` is null. */
  options: unknown;
  debug: boolean;
  /** A window of a server that runs already does not get our environment. */
  env: Record<string, string>;
}

/** Opens and closes the windows of a store: `w3` runs `myjobs worker --nr 3`. */
export class Windows {
  readonly #store: string;
  readonly #options: unknown;
  readonly #session: Session;

  constructor(store: string, options: OpenValues) {
    this.#store = store;
    this.#options = forWindow(options);
    this.#session = new Session(store);
  }

  /** Resolves when `ready` says so; rejects with what the window showed if its program ends before. */
  async open(
    nr: number,
    debug: boolean,
    ready: () => Promise<boolean>,
  ): Promise<void> {
    const folder = mkdtempSync(path.join(tmpdir(), "myjobs-window-"));
    let window: Window | undefined;
    try {
      const settings = path.join(folder, "settings.json");
      const env = childEnvironment({});
      const told: WindowSettings = { options: this.#options, debug, env };
      writeFileSync(settings, JSON.stringify(told), { mode: 0o600 });
      const command = this.#command(nr, settings);
      const name = workerName(nr);
      const opened = await this.#session.open(name, command);
      window = opened;
      await this.#comeUp(name, command, ready, () =>
        this.#session.ended(opened),
      );
      await this.#session.release(opened);
    } catch (cause) {
      // It has said why it cannot boot, and is about to end: by itself it leaves nothing behind.
      if (window !== undefined && cause instanceof WorkerError)
        await this.#over(window);
      await this.#session.close(workerName(nr)).catch(() => undefined); // why it did not open is told
      throw cause;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Waits until the window has closed by itself, its program having ended; closes it if it has not. */
  async closed(nr: number): Promise<void> {
    const begun = monotonic();
    while ((await this.#session.find(workerName(nr))).length > 0) {
      if (monotonic() - begun > closeLimit)
        return this.#session.close(workerName(nr));
      await sleep(pause);
    }
  }

  async #over(window: Window): Promise<void> {
    const begun = monotonic();
    while ((await this.#session.ended(window)) === undefined) {
      if (monotonic() - begun > closeLimit) return;
      await sleep(pause);
    }
  }

  /** Ends the program in a window by force, stopped or not. */
  async kill(nr: number, program: ProcessName): Promise<void> {
    if (lives(program)) signalProcess(program.pid, "SIGKILL");
    await this.#session.close(workerName(nr));
  }

  #command(nr: number, settings: string): string[] {
    const { file, execArgv } = commandProgram();
    const flags = programFlags(execArgv, childExecArgv());
    const given = ["--store", this.#store, "--nr", String(nr)];
    const told = ["--settings", settings];
    return [process.execPath, ...flags, file, "worker", ...given, ...told];
  }

  async #comeUp(
    name: string,
    command: readonly string[],
    ready: () => Promise<boolean>,
    ended: () => Promise<string | undefined>,
  ): Promise<void> {
    const begun = monotonic();
    for (let look = 1; !(await ready()); look += 1) {
      const output = look % looksPerAsk === 0 ? await ended() : undefined;
      if (output !== undefined)
        throw new WorkerError(
          `the program in window ${name} ended before its worker was ready (${command.join(" ")}):\n${output}`,
          output,
        );
      if (monotonic() - begun > bootLimit)
        throw new WorkerError(
          `the worker in window ${name} was not ready within ${String(bootLimit)} ms`,
        );
      await sleep(pause);
    }
  }
}

/** All but what is the window's own. */
function forWindow(values: OpenValues): unknown {
  const own = new Set(["store", "nrMin", "nrMax", "show"]);
  const options = Object.entries(values).filter(([name]) => !own.has(name));
  const env = Object.entries(values.workerEnv);
  const workerEnv = Object.fromEntries(
    env.map(([name, value]) => [name, value ?? null]),
  );
  return { ...Object.fromEntries(options), workerEnv };
}
