// A host that schedules a job which notes when it starts, and hangs at its first attempt.
const [index, store, file] = process.argv.slice(2);
const { MyJobs } = await import(index);
const myjobs = await MyJobs.open({ store });
await myjobs.workersSubprocessStart({ nrFixed: 1 });
await myjobs.schedule(
  async ({ file }, context) => {
    const { appendFileSync } = await import("node:fs");
    appendFileSync(file, `${Date.now()}\n`);
    if (context.job.attempt === 1) for (;;);
  },
  { file },
);
