import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const peersFolder = fileURLToPath(new URL("./peers/", import.meta.url));

/** Installs the peers, unless they are there. */
export function installPeers(): void {
  if (existsSync(path.join(peersFolder, "node_modules/bullmq"))) return;
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: peersFolder,
    stdio: ["ignore", "ignore", "inherit"],
  });
}
