import path from "node:path";

import { afterEach, describe, expect, test } from "@jest/globals";
import Database from "better-sqlite3";

import type { Job, MyJobs } from "../../src/index.js";
import { reopen, temporaryFolder } from "../support/instance.js";
import { until } from "../support/until.js";

const kinds = {
  "a file": () => path.join(temporaryFolder(), "service.db"),
  memory: () => ":memory:",
};

interface Two {
  store: Database.Database;
  /** Has no workers. */
  mine: MyJobs;
  /** Has one. */
  theirs: MyJobs;
}

const opened: Two[] = [];

async function two(file: string): Promise<Two> {
  const store = new Database(file);
  const mine = await reopen({ store, killGrace: 100 });
  const theirs = await reopen({ store, killGrace: 100 });
  opened.push({ store, mine, theirs });
  await theirs.workersSubprocessStart({ nrFixed: 1 });
  return { store, mine, theirs };
}

/** A job that runs until it is ended. */
async function running({ mine }: Two): Promise<Job<number>> {
  const job = await mine.schedule(
    () => new Promise<number>((end) => setTimeout(end, 300_000, 1)),
  );
  await until("the other's worker has it", async () => {
    await job.load();
    return job.state === "RUNNING";
  });
  return job;
}

describe.each(Object.entries(kinds))(
  "Two instances on one Database of %s hear of each other:",
  (_, place) => {
    afterEach(async () => {
      for (const { store, mine, theirs } of opened.splice(0)) {
        const stops = [mine, theirs].map((one) =>
          one.stop({ graceful: false }),
        );
        await Promise.all(stops);
        store.close();
      }
    });

    test("a job of the other's worker can be cancelled", async () => {
      const job = await running(await two(place()));
      expect(await job.cancel()).toBe(true);
      expect(job.errorCat).toBe("HALTED");
    });

    test("a worker of the other's can be killed, with its job", async () => {
      const both = await two(place());
      const job = await running(both);
      const [worker] = await both.mine.workersFind({ state: "BUSY" });
      await worker!.kill();
      expect(worker!.state).toBe("HALTED");
      await job.load();
      expect(job.errorCat).toBe("HALTED");
    });

    test("a worker of the other's that is well is found so", async () => {
      const { mine, theirs } = await two(place());
      expect(await mine.workersCheck()).toMatchObject({
        count: 1,
        errors: [],
      });
      expect(theirs.workers.size).toBe(1);
    });

    test("jobs are started, and waited for, one after another without a look by the clock for each", async () => {
      const { mine } = await two(place());
      let over = false;
      const rounds = async (): Promise<void> => {
        for (let nr = 0; nr < 100; nr += 1) {
          const job = await mine.schedule((given: { nr: number }) => given.nr, {
            nr,
          });
          expect((await job.wait()).result).toBe(nr);
        }
      };
      const done = Promise.allSettled([rounds()]).finally(() => (over = true));
      await until("all have been waited for", () => over);
      expect(await done).toMatchObject([{ status: "fulfilled" }]);
    });

    test("neither takes the other for dead, and what one leaves the other goes on with", async () => {
      const { mine, theirs } = await two(place());
      await expect(mine.reset()).rejects.toMatchObject({ fault: "in-use" });
      const job = await mine.schedule(() => 1);
      await mine.stop();
      await until("its job has run", async () => {
        const found = await theirs.jobs.get(job.id);
        return found.state === "OK";
      });
    });
  },
);
