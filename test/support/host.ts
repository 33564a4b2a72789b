import { expect } from "@jest/globals";

import type { MyJobs, OpenOptions } from "../../src/index.js";
import { type Program, run } from "./program.js";
import { until } from "./until.js";

/** A user's service: opens the store, does what it is told by a line of stdin, and stops at its end. */
const service = `
import { createInterface } from "node:readline";
import { runInThisContext } from "node:vm";
import { MyJobs } from "myjobs";
const say = (line) => console.log(JSON.stringify(line));
const myjobs = await MyJobs.open(JSON.parse(process.argv[2]));
myjobs.on("error", (error) => say({ fault: String(error.stack) }));
say({ pid: process.pid });
createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const { nr, source, argument } = JSON.parse(line);
    try {
      const value = await runInThisContext("(" + source + ")", "told.js")(myjobs, argument);
      say({ nr, value });
    } catch (error) {
      say({ nr, failure: String(error?.stack) });
    }
  })
  .on("close", () => void myjobs.stop());
`;

interface Line {
  nr?: number;
  pid?: number;
  value?: unknown;
  failure?: string;
  fault?: string;
}

/** An instance in a process of its own, that does what it is told. */
export class Host {
  readonly program: Program;
  #told = 0;

  /** `inside`: another command that runs it. */
  static async start(
    options: OpenOptions,
    inside: string[] = [],
  ): Promise<Host> {
    const host = new Host(options, inside);
    await host.#answered("the host is open", ({ pid }) => pid !== undefined);
    return host;
  }

  private constructor(options: OpenOptions, inside: string[]) {
    const json = JSON.stringify({ killGrace: 100, ...options });
    this.program = run(service, [json], [], inside);
  }

  /** Its pid as it knows it. */
  get pid(): number {
    return this.#lines.find(({ pid }) => pid !== undefined)!.pid!;
  }

  /** What went wrong that was nobody's call: its events `error`, and what it wrote to stderr. */
  get faults(): string[] {
    const stderr = this.program.errors();
    return [
      ...this.#lines.flatMap(({ fault }) => fault ?? []),
      ...(stderr === "" ? [] : [stderr]),
    ];
  }

  /** Runs a function there that uses nothing from around it; argument and result are JSON. */
  async do<A, R>(
    task: (myjobs: MyJobs, argument: A) => R | Promise<R>,
    argument: A,
  ): Promise<R> {
    const nr = (this.#told += 1);
    const source = task.toString();
    this.program.child.stdin!.write(
      `${JSON.stringify({ nr, source, argument })}\n`,
    );
    const answer = await this.#answered(
      `the host has done ${source}`,
      (line) => line.nr === nr,
    );
    if (answer.failure !== undefined) throw new Error(answer.failure);
    return answer.value as R;
  }

  /** Stops gracefully; resolves when the process has ended, without a fault. */
  async stop(): Promise<void> {
    this.program.child.stdin!.end();
    const exit = await this.program.exit;
    expect([exit, this.faults]).toEqual([{ code: 0, signal: null }, []]);
  }

  async kill(): Promise<void> {
    this.program.child.kill("SIGKILL");
    await this.program.exit;
  }

  get #lines(): Line[] {
    return this.program.lines.map((line) => JSON.parse(line) as Line);
  }

  async #answered(
    what: string,
    isMeant: (line: Line) => boolean,
  ): Promise<Line> {
    let answer: Line | undefined;
    await until(
      what,
      () => {
        const { exitCode, signalCode } = this.program.child;
        answer = this.#lines.find(isMeant);
        if (answer === undefined && (exitCode ?? signalCode) !== null)
          throw new Error(`the host has ended: ${this.faults.join("\n")}`);
        return answer !== undefined;
      },
      60_000,
    );
    return answer!;
  }
}
