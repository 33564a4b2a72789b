import path from "node:path";

import { expect, test } from "@jest/globals";

import { temporaryFolder } from "../support/instance.js";
import { run } from "../support/program.js";

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
await Promise.all([myjobs.stop(), done.catch(() => undefined)]);
await both;
console.log(JSON.stringify(given));
`;

test.each(["cancel", "delete", "nothing"])(
  "Who waits when the instance stops is told once, whatever becomes known of the job meanwhile: %s",
  async (doing) => {
    const store = path.join(temporaryFolder(), "jobs.db");
    const { lines, errors, exit } = run(program, [store, doing]);
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(errors()).toBe("");
    expect(JSON.parse(lines.at(-1)!)).toHaveLength(2);
  },
);
