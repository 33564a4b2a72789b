/* The body of a test file, to which each runner gives `test`, `expect`, `timers` and `MyJobs`. */
const addition = ({ a, b }) => a + b;
const endless = () => new Promise(() => {});
// By no timer: in this process a job sees those of the test.
const slow = async ({ ms }) => {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  await Atomics.waitAsync(nothing, 0, 0, ms).value;
  return "slow";
};

async function work(kind, name, during) {
  const jobs = await MyJobs.open({ store: `${name}.db`, killGrace: 50 });
  if (kind === "inprocess") await jobs.workerStart();
  else await jobs.workersSubprocessStart({ nrMin: 1, nrMax: 2 });
  try {
    return await during(jobs);
  } finally {
    await jobs.stop();
  }
}

async function results(jobs) {
  const sums = await jobs.scheduleMany(addition, [
    { a: 1, b: 2 },
    { a: 3, b: 4 },
  ]);
  const late = await jobs.schedule(endless, {}, { timeout: 150 });
  await late.wait({ die: false });
  return [await jobs.results(sums), late.errorCat];
}

for (const kind of ["inprocess", "subprocess"]) {
  const own = `${file}-${kind}`;

  test(`${kind}, real timers`, async () => {
    const given = await work(kind, `${own}-real`, results);
    expect(given).toEqual([[3, 7], "TIMEOUT"]);
  }, 30_000);

  test(`${kind}, fake timers`, async () => {
    timers.useFakeTimers();
    try {
      const given = await work(kind, `${own}-fake`, results);
      expect(given).toEqual([[3, 7], "TIMEOUT"]);
    } finally {
      timers.useRealTimers();
    }
  }, 30_000);

  test(`${kind}, timers that become fake, and jump`, async () => {
    const given = await work(kind, `${own}-jump`, async (jobs) => {
      const started = new Promise((resolve) => jobs.on("started", resolve));
      const job = await jobs.schedule(slow, { ms: 300 }, { timeout: 20_000 });
      await started;
      timers.useFakeTimers();
      try {
        timers.advanceTimersByTime(3_600_000);
        await job.wait({ die: false, timeout: 10_000 });
        return [job.state, job.result];
      } finally {
        timers.useRealTimers();
      }
    });
    expect(given).toEqual(["OK", "slow"]);
  }, 30_000);
}

test("a store that is left open", async () => {
  const jobs = await MyJobs.open({ store: `${file}-left.db` });
  await jobs.schedule(addition, { a: 1, b: 2 });
  expect(await jobs.jobs.count({ state: "NEW" })).toBe(1);
});
