import { readFileSync } from "node:fs";

/** Waits for a condition; at the deadline (20 s unless given) fails and says what it waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadline = 20_000,
): Promise<void> {
  const pause = (): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, 10));
  await look(what, condition, deadline, pause);
}

/** The same, in the very turn of the event loop in which it comes true. */
export async function untilAtOnce(
  what: string,
  condition: () => boolean,
): Promise<void> {
  const turn = (): Promise<void> =>
    new Promise((resolve) => setImmediate(resolve));
  await look(what, condition, 20_000, turn);
}

async function look(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadline: number,
  pause: () => Promise<void>,
): Promise<void> {
  const begun = performance.now();
  while (!(await condition())) {
    if (performance.now() - begun > deadline) {
      throw new Error(`after ${String(deadline)} ms: not yet so that ${what}`);
    }
    await pause();
  }
}

/** Whether it has ended, and its parent has not asked yet how. */
export function isZombie(pid: number): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/stat`, "latin1").includes(") Z ");
  } catch {
    return false; // it is gone
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
