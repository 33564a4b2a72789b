/**
 * Kills hosts, and cuts the power, again and again.
 * Usage: npm run soak -- [--rounds N] [--seed S]
 */
import { parseArgs } from "node:util";

import { killHosts } from "./deaths.js";
import { canWatch, cutCopies, cutPower } from "./power.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "100" },
    seed: { type: "string" },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
const rounds = Number(values.rounds);
console.log(`seed ${String(seed)}`);

const deaths = await killHosts(rounds, seed);
console.log("hosts killed:", deaths);
const copies = await cutCopies(rounds, seed);
console.log("power cut, as copies:", copies);
const cuts = [deaths.wrong.length, copies.lost, copies.damages.length];
if (canWatch()) {
  const watched = await cutPower("full", rounds, seed);
  console.log("power cut, by what was synced:", watched);
  cuts.push(watched.lost, watched.damages.length);
} else console.log("no strace here: what is synced cannot be watched");
if (cuts.some((wrong) => wrong > 0)) process.exitCode = 1;
