import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

import { describe, expect, test } from "@jest/globals";

import { Reaper } from "../../src/pool/reaper.js";
import { reaperProgram } from "../../src/programs.js";
import { descendants, endAfterTest } from "../support/instance.js";
import { isAlive, until } from "../support/until.js";

/** A process that leads a group of its own, as children do. */
interface Group {
  pid: number;
  /** The signal that it ended with. */
  ended: Promise<unknown>;
  child: ChildProcess;
}

function group(): Group {
  const child = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
  endAfterTest(child);
  const ended = once(child, "exit").then(([, signal]: unknown[]) => signal);
  return { pid: child.pid!, ended, child };
}

/** Ends what has been spared; gives by which signals that came about. */
function endSpared(spared: readonly Group[]): Promise<unknown[]> {
  for (const { child } of spared) child.kill("SIGTERM");
  return Promise.all(spared.map(({ ended }) => ended));
}

describe("When a host is gone, its reaper", () => {
  test("kills the groups that had begun, and none that had ended: their numbers may be others' by then", async () => {
    const groups = Array.from({ length: 6 }, group);
    const [first, second, third, fourth, last, never] = groups;
    const reaper = spawn("sh", [reaperProgram()], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    endAfterTest(reaper);
    const over = once(reaper, "exit");
    const tell = (sign: "+" | "-", { pid }: Group): void => {
      reaper.stdin.write(`${sign}${String(pid)}\n`);
    };
    for (const one of [first!, second!, third!]) tell("+", one);
    for (const one of [first!, third!]) tell("-", one);
    tell("+", fourth!);
    tell("-", fourth!);
    // Its number was given again.
    tell("+", fourth!);
    tell("+", last!);
    tell("-", last!);
    reaper.stdin.end();
    const killed = await Promise.all([second!.ended, fourth!.ended]);
    expect(killed).toEqual(["SIGKILL", "SIGKILL"]);
    await over;
    const spared = await endSpared([first!, third!, last!, never!]);
    expect(spared).toEqual(["SIGTERM", "SIGTERM", "SIGTERM", "SIGTERM"]);
  });

  test("has been told by the host of all that have begun and ended", async () => {
    const [ended, lives, later] = [group(), group(), group()];
    const reaper = new Reaper((error) => {
      throw error;
    });
    for (const { pid } of [ended, lives]) reaper.add(pid);
    reaper.remove(ended.pid);
    reaper.add(later.pid);
    const others = [ended, lives, later].map(({ pid }) => pid);
    const [pid] = descendants().filter((one) => !others.includes(one));
    expect(isAlive(pid!)).toBe(true);
    reaper.close();
    expect(await Promise.all([lives.ended, later.ended])).toEqual([
      "SIGKILL",
      "SIGKILL",
    ]);
    await until("the reaper has ended", () => !isAlive(pid!));
    expect(await endSpared([ended])).toEqual(["SIGTERM"]);
  });

  test("has been told of all that live then, also if it is another than at first", async () => {
    const [ended, lives] = [group(), group()];
    const reaper = new Reaper((error) => {
      throw error;
    });
    for (const { pid } of [ended, lives]) reaper.add(pid);
    const others = [ended, lives].map(({ pid }) => pid);
    const find = (): number | undefined =>
      descendants().find((one) => !others.includes(one));
    const first = find()!;
    process.kill(first, "SIGKILL");
    reaper.remove(ended.pid);
    await until("there is another", () => {
      const found = find();
      return found !== undefined && found !== first;
    });
    reaper.close();
    expect(await lives.ended).toBe("SIGKILL");
    await until("that has ended, too", () => find() === undefined);
    expect(await endSpared([ended])).toEqual(["SIGTERM"]);
  });
});
