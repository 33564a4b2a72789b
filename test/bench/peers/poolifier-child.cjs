// CommonJS: an ES module would be loaded too late for poolifier's first message on a busy machine.
const { ClusterWorker } = require("poolifier");

module.exports = new ClusterWorker(({ ms }) => {
  const started = Date.now();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return { pid: process.pid, started };
});
