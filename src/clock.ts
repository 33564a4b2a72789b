import { performance } from "node:perf_hooks";

/**
 * Every timer and every reading of a clock in the package goes through here. They are captured when
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

/**
 * Milliseconds that never jump: for limits and measures. The global `performance` may be fake from the start,
 * the module's never is.
 */
export const monotonic: () => number = performance.now.bind(performance);

/** `queueMicrotask` is among what test runners fake; promises are not. */
export function soon(run: () => void): void {
  void Promise.resolve().then(run);
}
