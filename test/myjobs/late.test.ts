import path from "node:path";

import { expect, test } from "@jest/globals";

import { temporaryFolder } from "../support/instance.js";
import { run } from "../support/program.js";

interface Told {
  /** The names of the errors by which the waits have ended. */
  given: string[];
  /** How what was done to the job has. */
  ended: string;
}

const program = `
import { MyJobs } from "myjobs";
const nothing = () => undefined;
const myjobs = await MyJobs.open({ store: process.argv[2] });
const given = [];
const waited = async (doing) => {
  const [job, call] = [await myjobs.schedule(nothing), myjobs.schedule(nothing, {}, { wait: true })];
  const both = [job.wait(), call].map((one) => one.catch(({ name }) => given.push(name)));
  await myjobs.jobs.count();
  return { job, both: Promise.all(both), done: doing(job) };
};
const doings = {
  cancel: async (job) => { await job.cancel(); },
  delete: () => myjobs.jobs.delete({}),
  nothing: async () => undefined,
};
const { both, done } = await waited(doings[process.argv[3]]);
const [, ended] = await Promise.allSettled([myjobs.stop(), done]);
await both;
console.log(JSON.stringify({ given, ended: ended.reason?.name ?? "done" }));
`;

/** What may be known first, instead of that the instance stops. */
test.each([
  ["cancel", "JobFailedError"],
  ["delete", "JobNotFoundError"],
  ["nothing", "StoppedError"],
])(
  "Who waits when the instance stops is told once, whatever becomes known of the job meanwhile: %s",
  async (doing, known) => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const { lines, errors, exit } = run(program, [store, doing]);
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(errors()).toBe("");
    const { given, ended } = JSON.parse(lines.at(-1)!) as Told;
    expect(given).toHaveLength(2);
    for (const name of given) expect(["StoppedError", known]).toContain(name);
    expect(["StoppedError", "done"]).toContain(ended);
  },
);
