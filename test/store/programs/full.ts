/** Fills a small file system that it is given with jobs; prints what happened, as lines of JSON. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { StoreError } from "../../../src/errors.js";
import type { NewJob } from "../../../src/models/job.js";
import { openStore } from "../../../src/store/open.js";

const folder = process.argv[2]!;
const file = path.join(folder, "jobs.db");
const ballast = path.join(folder, "ballast");

function say(value: unknown): void {
  console.log(JSON.stringify(value));
}

function fault(cause: unknown): string {
  if (cause instanceof StoreError) return cause.fault;
  throw cause;
}

function job(kwargs: string): NewJob {
  return {
    plan: { name: "", category: "", timeout: 0, die: true, dependencies: [] },
    actionId: 1,
    kwargs,
  };
}

/** Takes what room there is, down to the last bytes. */
function fill(): void {
  for (const size of [65_536, 4_096, 1]) {
    try {
      for (;;) writeFileSync(ballast, Buffer.alloc(size), { flag: "a" });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOSPC") throw cause;
    }
  }
}

/** The store itself, and the locks of hosts. What SQLite could not make of its own files is its own business. */
function snapshot(): string {
  const digest = createHash("sha256").update(readFileSync(file)).digest("hex");
  const locks = readdirSync(folder).filter((name) => name.includes("-host-"));
  return [digest, ...locks].join();
}

const store = await openStore(file, "full", Date.now);
await store.insertJobs([job("{}")]);
fill();
let refused = 0;
const outcomes = await Promise.allSettled([
  store.insertJobs([job(JSON.stringify("x".repeat(500_000)))]),
  store.countJobs({}),
]);
for (const one of outcomes)
  say(one.status === "fulfilled" ? one.value : fault(one.reason));
while (refused === 0)
  await store
    .insertJobs([job(JSON.stringify("x".repeat(10_000)))])
    .catch((cause: unknown) => {
      say(fault(cause));
      refused += 1;
    });
const kept = await store.countJobs({});
const alone = snapshot();
say(await openStore(file, "full", Date.now).then(() => "opened", fault));
say(snapshot() === alone);
rmSync(ballast);
await store.insertJobs([job("{}")]);
say((await store.countJobs({})) - kept);
await store.close();

fill();
const before = snapshot();
say(await openStore(file, "full", Date.now).then(() => "opened", fault));
say(snapshot() === before);
const absent = path.join(folder, "new.db");
say(await openStore(absent, "full", Date.now).then(() => "opened", fault));
rmSync(ballast);
const again = await openStore(file, "full", Date.now);
say((await again.countJobs({})) - kept);
await again.close();
