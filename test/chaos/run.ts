/**
 * Plays histories against real processes until one comes to what the contract does not allow.
 * Usage: npm run chaos -- [--rounds N] [--seed S] [--shrink]
 */
import { parseArgs } from "node:util";

import { tryHistory } from "./try.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "1" },
    seed: { type: "string" },
    /** Looks for a shorter history that fails; each try may fail or not. */
    shrink: { type: "boolean", default: false },
  },
});
const first = Number(values.seed ?? Date.now() % 1_000_000_000);
const rounds = Number(values.rounds);

// Windows outlive who opened them: they are closed as this process exits.
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => process.exit(1));

for (let round = 0; round < rounds; round += 1) {
  const begun = performance.now();
  const failure = await tryHistory(first + round, values.shrink);
  const took = `${String(Math.round(performance.now() - begun))} ms`;
  console.log(`seed ${String(first + round)}: ${failure ?? `good, ${took}`}`);
  if (failure !== undefined) {
    process.exitCode = 1;
    break;
  }
}
