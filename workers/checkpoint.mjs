import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

/**
 * The program of a thread: has a connection of its own to a store, and runs the checkpoints that its
 * host asks for, as pragmas. Plain JavaScript, since a thread has no loader for anything else.
 */
const { file, library, timeout } = workerData;
const Database = createRequire(import.meta.url)(library);
const db = new Database(file, { timeout, fileMustExist: true });
db.pragma("synchronous = normal");

parentPort.on("message", (pragma) => {
  if (pragma !== "close") {
    db.pragma(pragma);
    parentPort.postMessage("done");
    return;
  }
  db.close();
  parentPort.close();
});
