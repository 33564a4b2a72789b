import { createRequire } from "node:module";

/** Of any file: what is asked for is Node's own. */
const require = createRequire(process.execPath);

/**
 * SHA-256 in hexadecimal. What makes it takes a child two milliseconds to load, so it is loaded when it is
 * first needed.
 */
export function digest(text: string): string {
  const { createHash } = require("node:crypto") as typeof import("node:crypto");
  return createHash("sha256").update(text).digest("hex");
}
