import { fileURLToPath } from "node:url";

import workerpool from "workerpool";

import { measure } from "./measure.mjs";

const file = fileURLToPath(new URL("./workerpool-child.mjs", import.meta.url));
const pool = workerpool.pool(file, {
  workerType: "process",
  minWorkers: 2,
  maxWorkers: 2,
});
await measure({
  one: (kwargs) => pool.exec("add", [kwargs]),
  stop: () => pool.terminate(),
});
