import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Context } from "../../src/index.js";
import { afterTest, temporaryFolder } from "./instance.js";
import { until } from "./until.js";

/** What a job is given that waits at a gate; without one it goes on at once. */
export interface Gated {
  gate: string | null;
}

export const ungated: Gated = { gate: null };

/** Holds jobs, in whatever process they run, until the test lets them go on: no test need guess how long that takes. */
export class Gate {
  /** It is there when the gate is open. */
  readonly file = path.join(temporaryFolder(), "open");
  readonly kwargs: Gated = { gate: this.file };

  constructor() {
    // One that failed would wait long for the jobs that it has left there.
    afterTest(() => {
      this.open();
    });
  }

  /** Resolves when so many jobs have come to it: what is recorded as RUNNING may not have begun. */
  async reached(nr = 1): Promise<void> {
    await until(
      `${String(nr)} jobs have come to the gate`,
      () => this.#reached >= nr,
    );
  }

  open(): void {
    writeFileSync(this.file, "");
  }

  get #reached(): number {
    try {
      return readFileSync(`${this.file}.reached`).length;
    } catch {
      return 0; // none yet
    }
  }
}

/** An action: goes on when the gate is open. */
export async function waits(
  { gate }: Gated,
  context: Context,
): Promise<string> {
  if (gate === null) return "passed";
  const { appendFileSync, existsSync } =
    context.require<typeof import("node:fs")>("node:fs");
  appendFileSync(`${gate}.reached`, ".");
  while (!existsSync(gate)) await new Promise((go) => setTimeout(go, 10));
  return "passed";
}

/** An action: the same in a busy loop, so that its process does nothing else. */
export function spins({ gate }: Gated, context: Context): string {
  if (gate === null) return "passed";
  const { appendFileSync, existsSync } =
    context.require<typeof import("node:fs")>("node:fs");
  appendFileSync(`${gate}.reached`, ".");
  while (!existsSync(gate));
  return "passed";
}
