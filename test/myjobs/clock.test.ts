import path from "node:path";

import { expect, test } from "@jest/globals";

import { reopen, temporaryFolder } from "../support/instance.js";
import { run } from "../support/program.js";
import { until } from "../support/until.js";

const store = (): string => path.join(temporaryFolder(), "jobs.db");

/** A service whose wall clock, and its workers', somebody sets a day back and forth all the time. */
const service = `
const real = Date.now.bind(Date);
let ahead = 0;
Date.now = () => real() + ahead;
const { MyJobs } = await import("myjobs");
const clock = "const real = Date.now.bind(Date); const days = [-1, 0, 1];" +
  "Date.now = () => real() + days[Math.floor(real() / 15) % 3] * 86_400_000;";
const myjobs = await MyJobs.open({
  store: process.argv[2],
  idleTimeout: 200,
  killGrace: 100,
  workerExecArgv: ["--import", "data:text/javascript," + encodeURIComponent(clock)],
});
const errors = [];
myjobs.on("error", (error) => errors.push(String(error)));
const jumps = [-1, 0, 1];
const jumping = setInterval(() => {
  ahead = jumps[Math.floor(real() / 20) % 3] * 86_400_000;
}, 5);
await myjobs.workersSubprocessStart({ nrMin: 0, nrMax: 3 });
const jobs = await myjobs.scheduleMany(
  ({ n }) => new Promise((resolve) => setTimeout(resolve, n % 5, n)),
  Array.from({ length: 300 }, (_, n) => ({ n })),
);
const endless = await myjobs.schedule(
  () => new Promise((resolve) => setTimeout(resolve, 60_000)),
  {},
  { timeout: 300, die: false },
);
const patient = await myjobs.schedule(
  () => new Promise((resolve) => setTimeout(resolve, 700, "rested")),
  {},
  { timeout: 30_000 },
);
const waited = await patient.wait({ timeout: 10 }).catch(({ name }) => name);
await endless.wait();
const results = await myjobs.results([...jobs, patient]);
// That of the endless job is dead, by its limit.
const { errors: ill } = await myjobs.workersCheck();
while (myjobs.workers.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
clearInterval(jumping);
await myjobs.stop();
console.log(JSON.stringify({
  waited, errors,
  frozen: ill.filter(({ error }) => error.includes("frozen")),
  sum: results.slice(0, -1).reduce((a, b) => a + b),
  rested: results.at(-1),
  endless: endless.errorCat,
  attempts: [...new Set(jobs.map(({ attempt }) => attempt))],
}));
`;

test("A clock that jumps by days in host and workers changes no limit, wait, claim or size of the pool", async () => {
  const { exit, lines, errors } = run(service, [store()]);
  const exited = await exit;
  expect([exited, errors()]).toEqual([{ code: 0, signal: null }, ""]);
  expect(JSON.parse(lines[0]!)).toEqual({
    waited: "WaitTimeoutError",
    errors: [],
    frozen: [],
    sum: (299 * 300) / 2,
    rested: "rested",
    endless: "TIMEOUT",
    attempts: [1],
  });
});

test.each([-86_400_000, 86_400_000])(
  "A host whose clock is %d ms off shares jobs with one whose clock is right, and is settled by it when it dies",
  async (ahead) => {
    const file = store();
    const source = `
      const real = Date.now.bind(Date);
      Date.now = () => real() + ${String(ahead)};
      const { MyJobs } = await import("myjobs");
      const myjobs = await MyJobs.open({ store: process.argv[2] });
      await myjobs.workersSubprocessStart({ nrFixed: 2 });
      console.log("ready");
    `;
    const off = run(source, [file]);
    await until(`it serves ${off.errors()}`, () => off.lines.length > 0);
    const right = await reopen({ store: file });
    const jobs = await right.scheduleMany(
      ({ n }: { n: number }) => n,
      Array.from({ length: 200 }, (_, n) => ({ n })),
    );
    expect(await right.results(jobs)).toEqual(jobs.map((_, n) => n));
    const slow = await right.schedule(
      (_: undefined, { job: { attempt } }) =>
        attempt > 1 || new Promise((resolve) => setTimeout(resolve, 60_000)),
      undefined,
    );
    await until(
      "it runs there",
      async () => (await slow.load()).state === "RUNNING",
    );
    expect((await right.workersCheck()).errors).toEqual([]);
    off.child.kill("SIGKILL");
    await off.exit;
    await right.workersSubprocessStart({ nrFixed: 1 });
    await slow.wait();
    expect(slow).toMatchObject({ state: "OK", attempt: 2, result: true });
  },
);
