import { clearInterval, setInterval, setTimeout } from "node:timers";
import vm from "node:vm";

/**
 * Every timer and every reading of a clock in the library (not in `cli/`) goes through here. They are captured when
 * the module loads, so that a test runner's fake timers do not stop the jobs of the code under test.
 */
export {
  clearInterval,
  clearTimeout,
  setImmediate,
  setInterval,
  setTimeout,
} from "node:timers";

/** Epoch milliseconds: for display and due times. */
export const now: () => number = Date.now.bind(Date);

/** The process of the main realm: that of a test runner's sandbox may be fake from the start. */
const { hrtime } = vm.runInThisContext("process") as typeof process;

/** Milliseconds that never jump: for limits and measures. (`performance` takes a child half of one to load.) */
export function monotonic(): number {
  return Number(hrtime.bigint()) / 1_000_000;
}

const resolved = Promise.resolve();

/** `queueMicrotask` is among what test runners fake; promises are not. */
export function soon(run: () => void): void {
  void resolved.then(run);
}

/** Resolves after so many milliseconds; `isIdle`: it holds no process alive. */
export function sleep(ms: number, isIdle = false): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    if (isIdle) timer.unref();
  });
}

/** Holds the process alive until what it gives is called. */
export function hold(): () => void {
  const timer = setInterval(() => undefined, 2 ** 30);
  return () => {
    clearInterval(timer);
  };
}
