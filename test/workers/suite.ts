import { describe, expect, test } from "@jest/globals";

import {
  JobFailedError,
  type MyJobs,
  type OpenOptions,
} from "../../src/index.js";
import { open } from "../support/instance.js";
import { until } from "../support/until.js";

function addition({ a, b }: { a: number; b: number }): number {
  return a + b;
}

/** What every kind of worker must do, with the same meaning. */
export function workerSuite(
  kind: string,
  start: (myjobs: MyJobs) => Promise<unknown>,
): void {
  const serving = async (options?: OpenOptions): Promise<MyJobs> => {
    const myjobs = await open(options);
    await start(myjobs);
    return myjobs;
  };

  describe(`a ${kind} worker`, () => {
    test("runs a function with its kwargs and stores the result", async () => {
      const myjobs = await serving();
      const job = await myjobs.schedule(addition, { a: 1, b: 2 });
      await job.wait();
      expect(job).toMatchObject({
        state: "OK",
        result: 3,
        errorCat: "NA",
        error: null,
        attempt: 1,
      });
      expect(job.timeStart).toBeInstanceOf(Date);
      expect(job.timeStop!.getTime()).toBeGreaterThanOrEqual(
        job.timeStart!.getTime(),
      );
    });

    test("awaits an async function, and gives null for one that returns nothing", async () => {
      const myjobs = await serving();
      const jobs = await Promise.all([
        myjobs.schedule(
          async ({ name }: { name: string }) => {
            const path = await import("node:path");
            return path.basename(name);
          },
          { name: "/a/b.txt" },
        ),
        myjobs.schedule(() => undefined),
      ]);
      expect(await myjobs.results<unknown>(jobs)).toEqual(["b.txt", null]);
    });

    test("ends a job that throws as ERROR, with the user's file and line in its stack", async () => {
      const myjobs = await serving();
      const job = await myjobs.schedule(function failing() {
        const cause = new Error("inner");
        throw Object.assign(new RangeError("too far", { cause }), {
          code: "E_FAR",
        });
      });
      await expect(job.wait()).rejects.toThrow(JobFailedError);
      expect(job).toMatchObject({
        state: "ERROR",
        errorCat: "ERROR",
        result: undefined,
      });
      expect(job.error).toMatchObject({
        name: "RangeError",
        message: "too far",
        code: "E_FAR",
        cause: { name: "Error", message: "inner" },
      });
      expect(job.error?.stack).toMatch(/at failing \(.*suite\.ts:\d+:\d+\)/);
      expect(job.error?.stack).not.toMatch(/src\/execution/);
    });

    test("ends a job whose result JSON cannot carry as ERROR, naming the path", async () => {
      const myjobs = await serving();
      const job = await myjobs.schedule(
        () => ({ list: [1, new Map()] }) as unknown as string,
      );
      await job.wait({ die: false });
      expect(job.error).toMatchObject({
        name: "ValueError",
        path: "result.list[1]",
      });
    });

    test("ends a job whose result is over the limit as ERROR, and says both sizes", async () => {
      const myjobs = await serving({ resultLimit: 100 });
      const job = await myjobs.schedule(() => "x".repeat(200));
      await job.wait({ die: false });
      expect(job.error?.message).toMatch(/202.*100/);
    });

    test("hands the context: the job, its signal, and the results of its dependencies in order", async () => {
      const myjobs = await serving();
      const first = await myjobs.schedule(addition, { a: 1, b: 1 });
      const second = await myjobs.schedule(addition, { a: 2, b: 2 });
      const job = await myjobs.schedule(
        (_: object, context) => ({
          ...context.job,
          results: [...context.dependencies],
          aborted: context.signal.aborted,
        }),
        {},
        { name: "last", category: "c", dependencies: [second, first.id] },
      );
      await job.wait();
      expect(job.result).toEqual({
        id: job.id,
        name: "last",
        category: "c",
        attempt: 1,
        dependencies: [second.id, first.id],
        results: [4, 2],
        aborted: false,
      });
    });

    test("runs a module's export, with the module's own imports at hand", async () => {
      const myjobs = await serving();
      const job = await myjobs.schedule(
        { module: "../support/actions.js", method: "greet" },
        { name: "Ann" },
      );
      await job.wait();
      expect(job.result).toBe("hello Ann from actions");
    });

    test("ends a job at its limit as TIMEOUT, though it heeds its signal and answers", async () => {
      const myjobs = await serving();
      const job = await myjobs.schedule(
        (_: object, { signal }) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => resolve("late"), {
              once: true,
            });
            setTimeout(() => undefined, 60_000).unref();
          }),
        {},
        { timeout: 100 },
      );
      await job.wait({ die: false });
      expect(job).toMatchObject({
        state: "ERROR",
        errorCat: "TIMEOUT",
        result: undefined,
      });
    });

    test("goes on with the next job after one that failed, timed out or was cancelled", async () => {
      const myjobs = await serving();
      const never = (_: object): Promise<never> =>
        new Promise(() => setTimeout(() => undefined, 60_000).unref());
      const late = await myjobs.schedule(never, {}, { timeout: 50 });
      const cancelled = await myjobs.schedule(never);
      const next = await myjobs.schedule(addition, { a: 20, b: 1 });
      await late.wait({ die: false });
      await until(
        "the second job runs",
        async () => (await cancelled.load()).state === "RUNNING",
      );
      expect(await cancelled.cancel()).toBe(true);
      expect(cancelled).toMatchObject({ state: "ERROR", errorCat: "HALTED" });
      expect((await next.wait()).result).toBe(21);
    });

    test("fails all that hang on a failed job, each naming the direct one", async () => {
      const myjobs = await serving();
      const root = await myjobs.schedule(() => {
        throw new Error("no");
      });
      const left = await myjobs.schedule(
        addition,
        { a: 1, b: 1 },
        { dependencies: [root] },
      );
      const right = await myjobs.schedule(
        addition,
        { a: 1, b: 1 },
        { dependencies: [root] },
      );
      const tip = await myjobs.schedule(
        addition,
        { a: 1, b: 1 },
        { dependencies: [left, right] },
      );
      await myjobs.wait([left, right, tip], { die: false });
      for (const job of [left, right]) {
        expect(job).toMatchObject({
          state: "ERROR",
          errorCat: "HALTED",
          attempt: 0,
        });
        expect(job.error?.dependencyFailure).toBe(root.id);
      }
      expect([left.id, right.id]).toContain(tip.error?.dependencyFailure);
    });

    test("halts on request after its current job, and says so in its record", async () => {
      const myjobs = await serving();
      const job = await myjobs.schedule(
        () =>
          new Promise<string>((resolve) =>
            setTimeout(() => resolve("done"), 200),
          ),
      );
      await until(
        "the job runs",
        async () => (await job.load()).state === "RUNNING",
      );
      const [worker] = await myjobs.workersFind({ state: "BUSY" });
      expect(worker).toMatchObject({ currentJob: job.id });
      await worker!.halt();
      expect(worker).toMatchObject({ state: "HALTED", currentJob: null });
      expect((await job.load()).result).toBe("done");
    });

    test("ends the job of a worker that is killed as HALTED", async () => {
      const myjobs = await serving();
      const job = await myjobs.schedule(
        () =>
          new Promise<never>(() => setTimeout(() => undefined, 60_000).unref()),
      );
      await until(
        "the job runs",
        async () => (await job.load()).state === "RUNNING",
      );
      const [worker] = await myjobs.workersFind({ state: "BUSY" });
      await worker!.kill();
      await job.wait({ die: false });
      expect(job).toMatchObject({ state: "ERROR", errorCat: "HALTED" });
      expect(worker!.state).toBe("HALTED");
    });

    test("runs only jobs of the categories it serves", async () => {
      const myjobs = await serving({ categories: ["yes"] });
      const no = await myjobs.schedule(
        addition,
        { a: 1, b: 1 },
        { category: "no" },
      );
      const yes = await myjobs.schedule(
        addition,
        { a: 1, b: 1 },
        { category: "yes" },
      );
      await yes.wait();
      expect((await no.load()).state).toBe("NEW");
    });

    test("runs several jobs at a time where concurrency allows", async () => {
      const myjobs = await serving({ concurrency: 3 });
      // Each ends only when all three have begun.
      const jobs = await myjobs.scheduleMany(
        async ({ nr }: { nr: number }) => {
          const scope = globalThis as { met?: number };
          scope.met = (scope.met ?? 0) + 1;
          while (scope.met < 3)
            await new Promise((resolve) => setTimeout(resolve, 5));
          return nr;
        },
        [{ nr: 1 }, { nr: 2 }, { nr: 3 }],
      );
      expect(await myjobs.results(jobs)).toEqual([1, 2, 3]);
    });
  });
}
