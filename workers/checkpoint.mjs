import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

/**
 * The program of a thread: has a connection of its own to a store, and does what its host asks for in SQL,
 * which are checkpoints. Plain JavaScript, since a thread has no loader for anything else.
 */
const { file, library, timeout } = workerData;
const Database = createRequire(import.meta.url)(library);
const db = new Database(file, { timeout, fileMustExist: true });
db.pragma("synchronous = normal");

parentPort.on("message", (sql) => {
  if (sql !== "close") {
    attempt(sql);
    parentPort.postMessage("tried");
    return;
  }
  db.close();
  parentPort.close();
});

/** Others may be in its way, or the disk full: its host sees by the log how far it came. */
function attempt(sql) {
  try {
    db.exec(sql);
  } catch {
    if (db.inTransaction) db.exec("rollback");
  }
}
