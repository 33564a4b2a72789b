import { fileURLToPath } from "node:url";

import Tinypool from "tinypool";

import { measure } from "./measure.mjs";

const pool = new Tinypool({
  filename: fileURLToPath(new URL("./child.mjs", import.meta.url)),
  runtime: "child_process",
  minThreads: 2,
  maxThreads: 2,
});
await measure({
  one: (kwargs) => pool.run(kwargs),
  stop: () => pool.destroy(),
});
