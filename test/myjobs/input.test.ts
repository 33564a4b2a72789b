import path from "node:path";

import { describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";
import * as fc from "fast-check";

import { type Job, MyJobs, MyJobsError, OptionError } from "../../src/index.js";
import { open, reopen, temporaryFolder } from "../support/instance.js";

type Call = (value: unknown) => unknown;

function identity({ text }: { text: string }): string {
  return text;
}

/** Whatever somebody may hand in by mistake, or by malice. */
const anything = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true }),
  fc.string({ unit: "binary", maxLength: 2_000 }),
  fc.constantFrom<unknown>(
    ...[null, "", " ", "\0", "'", '"; drop table myjobs_job; --', "\ud800"],
    ...["x".repeat(2_000_000), "$(touch owned)", "`touch owned`", "%s#{pid}"],
    ...[-1, 0, 0.5, NaN, Infinity, -0, 2 ** 53, 2 ** 31, 1e300, 10n, true],
    ...[
      [],
      [[]],
      {},
      { length: 3 },
      new Date(NaN),
      /x/,
      Symbol("s"),
      new Map(),
    ],
    Object.create(null),
    new Proxy({}, {}),
    JSON.parse('{"__proto__": {"timeout": 1}, "constructor": 1}'),
  ),
);

const scheduleOptions = ["name", "category", "timeout", "dependencies", "die"];
const openOptions = [
  ...["store", "nrMin", "nrMax", "idleTimeout", "workerTimeout", "killGrace"],
  ...["concurrency", "categories", "maxJobsPerWorker", "maxRss", "durability"],
  ...["resultLimit", "workerExecArgv", "workerEnv", "show"],
];
/** Nothing that an option could take, so that nothing is begun with it. */
const wrong = anything.filter(
  (value) =>
    value !== undefined &&
    typeof value !== "boolean" &&
    typeof value !== "string" &&
    !(typeof value === "number" && value >= 0) &&
    !(typeof value === "object" && value !== null),
);

const filterOptions = [
  ...["id", "state", "errorCat", "category", "name", "actionId", "after"],
  ...["limit"],
];

/** Every public call that takes something, with the value in each of its places. */
function calls(myjobs: MyJobs, job: Job): Record<string, Call> {
  const one = { text: "" };
  const any = <T>(value: unknown): T => value as T;
  return {
    "schedule's action": (value) =>
      myjobs.schedule(any<typeof identity>(value), one),
    "schedule's kwargs": (value) => myjobs.schedule(identity, any(value)),
    "schedule's options": (value) => myjobs.schedule(identity, one, any(value)),
    ...each("schedule's", scheduleOptions, (options) =>
      myjobs.schedule(identity, one, options),
    ),
    "scheduleMany's kwargs": (value) =>
      myjobs.scheduleMany(identity, any(value)),
    "one of scheduleMany's kwargs": (value) =>
      myjobs.scheduleMany(identity, [one, any(value), one]),
    "a module action's module": (value) =>
      myjobs.schedule({ module: any(value), method: "m" }, one),
    "a module action's method": (value) =>
      myjobs.schedule(
        { module: "../support/actions.js", method: any(value) },
        one,
      ),
    "wait's jobs": (value) => myjobs.wait(any<Job[]>(value), { timeout: 0 }),
    "one of wait's jobs": (value) =>
      myjobs.wait([any<number>(value)], { timeout: 0 }),
    "wait's options": (value) => myjobs.wait([], any(value)),
    ...each("wait's", ["die", "signal"], (options) => myjobs.wait([], options)),
    "results' jobs": (value) =>
      myjobs.results(any<Job[]>(value), { timeout: 0 }),
    "job.wait's timeout": (value) =>
      job.wait({ timeout: any(value), signal: AbortSignal.abort() }),
    "jobs.get": (value) => myjobs.jobs.get(any(value)),
    "jobs.find": (value) => myjobs.jobs.find(any(value)),
    ...each("jobs.find's", filterOptions, (filter) => myjobs.jobs.find(filter)),
    "jobs.count": (value) => myjobs.jobs.count(any(value)),
    "jobs.delete's id": (value) => myjobs.jobs.delete({ id: any(value) }),
    "jobs.delete's name": (value) =>
      myjobs.jobs.delete({ id: 2 ** 40, name: any(value) }),
    "actions.get": (value) => myjobs.actions.get(any(value)),
    ...each("actions.find's", ["key", "methodname"], (filter) =>
      myjobs.actions.find(filter),
    ),
    "on's event": (value) => myjobs.on(any<"ended">(value), () => undefined),
    "on's listener": (value) => myjobs.on("ended", any(value)),
    "off's event": (value) => myjobs.off(any<"ended">(value), () => undefined),
    "off's listener": (value) => myjobs.off("ended", any(value)),
    ...each("workersFind's", ["nr", "pid", "type", "state", "name"], (filter) =>
      myjobs.workersFind(filter),
    ),
  };
}

function each(
  whose: string,
  names: readonly string[],
  call: (options: object) => unknown,
): Record<string, Call> {
  return Object.fromEntries(
    names.map((name) => [
      `${whose} ${name}`,
      (value) => call({ [name]: value }),
    ]),
  );
}

/** What is stored, but for the actions: one that is never used may have been looked up. */
function stored(db: Database.Database): unknown[] {
  return ["job", "dependency", "worker", "window", "host"].map((table) =>
    db.prepare(`select * from myjobs_${table}`).all(),
  );
}

const nothing = undefined as unknown;
const names = Object.keys(calls(nothing as MyJobs, nothing as Job));

describe("whatever is handed in as", () => {
  test.each(names)(
    "%s is taken, or refused with an error that says so and nothing stored",
    async (name) => {
      const file = path.join(temporaryFolder(), "jobs.db");
      const myjobs = await reopen({ store: file, durability: "normal" });
      const job = await myjobs.schedule(identity, { text: "" });
      const call = calls(myjobs, job)[name]!;
      const db = new Database(file);
      await fc.assert(
        fc.asyncProperty(anything, async (value) => {
          const before = stored(db);
          let refusal: unknown;
          try {
            await call(value);
          } catch (cause) {
            refusal = cause;
          }
          if (refusal === undefined) return;
          // An aborted signal's reason is its owner's.
          const aborted = (refusal as Error).name === "AbortError";
          if (!aborted) expect(refusal).toBeInstanceOf(MyJobsError);
          expect(stored(db)).toEqual(before);
        }),
        { numRuns: 25, seed: 42 },
      );
      db.close();
    },
  );
});

const starting: Record<string, (myjobs: MyJobs, options: object) => unknown> = {
  open: (_, options) => MyJobs.open({ store: ":memory:", ...options }),
  workersSubprocessStart: (myjobs, options) =>
    myjobs.workersSubprocessStart(options),
  workerSubprocessStart: (myjobs, options) =>
    myjobs.workerSubprocessStart(options),
  workerStart: (myjobs, options) => myjobs.workerStart(options),
  workerTmuxStart: (myjobs, options) => myjobs.workerTmuxStart(options),
  workersTmuxStart: (myjobs, options) => myjobs.workersTmuxStart(options),
  stop: (myjobs, options) => myjobs.stop(options),
};
const options: Record<string, readonly string[]> = {
  open: openOptions,
  workersSubprocessStart: ["nrMin", "nrMax", "nrFixed"],
  workerSubprocessStart: ["nr", "debug", "type"],
  workerStart: ["nr", "debug", "onetime"],
  workerTmuxStart: ["nr", "debug"],
  workersTmuxStart: ["nrWorkers"],
  stop: ["graceful", "timeout", "requeue", "tmux"],
};

test.each(
  Object.entries(options).flatMap(([call, names]) =>
    [...names, "unheard of"].map((name) => [call, name] as const),
  ),
)(
  "%s refuses what its option %s cannot be, and begins nothing",
  async (call, name) => {
    const myjobs = await open();
    await fc.assert(
      fc.asyncProperty(wrong, async (value) => {
        const begun = (async () =>
          starting[call]!(myjobs, { [name]: value }))();
        await expect(begun).rejects.toMatchObject({
          name: "OptionError",
          where: call,
          option: name,
        });
      }),
      { numRuns: 15, seed: 42 },
    );
    expect(myjobs.workers.size).toBe(0);
    expect(await myjobs.workersFind()).toEqual([]);
  },
);

test.each(["nrMin", "nrMax"] as const)(
  "%s cannot be set to what it cannot be",
  async (name) => {
    const myjobs = await open();
    const before = myjobs[name];
    fc.assert(
      fc.property(wrong, (value) => {
        expect(() => (myjobs[name] = value as number)).toThrow(OptionError);
      }),
    );
    expect(myjobs[name]).toBe(before);
  },
);

describe("an option that there is not, or that is not what it shall be, is refused with", () => {
  test("its name, its value, and those that there are", async () => {
    const myjobs = await open({ store: ":memory:" });
    const options: object = { timout: 3 };
    const call = myjobs.schedule(identity, { text: "" }, options);
    await expect(call).rejects.toThrow(OptionError);
    await expect(call).rejects.toMatchObject({
      message:
        "schedule: there is no option timout (its value is 3), expected one of name, category, timeout, dependencies, die, wait",
      where: "schedule",
      option: "timout",
      value: 3,
    });
  });

  test("its value, and the known ones", async () => {
    const myjobs = await open({ store: ":memory:" });
    const filter: object = { state: "DEAD" };
    await expect(myjobs.jobs.find(filter)).rejects.toThrow(
      'jobs.find: state is "DEAD", expected one of NEW, RUNNING, OK, ERROR, DONE, or an array of them',
    );
  });
});
