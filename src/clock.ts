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

/** Milliseconds that never jump: for limits and measures. */
export const monotonic: () => number = performance.now.bind(performance);
