import workerpool from "workerpool";

workerpool.worker({
  add: ({ a, b }) => a + b,
  nap: ({ ms }) => {
    const started = Date.now();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    return { pid: process.pid, started };
  },
});
