/* eslint-disable @typescript-eslint/no-unused-vars -- their types are what is tested */
import { expect, test } from "@jest/globals";

import {
  type Context,
  type Job,
  moduleActions,
  type MyJobs,
} from "../../src/index.js";

/** Read by the compiler alone: a line that is wrong, or not wrong where it must be, fails `npm run typecheck`. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2
    ? true
    : false;

function is<_Claim extends true>(): void {
  // The claim is in the type.
}

async function scheduling(myjobs: MyJobs): Promise<void> {
  const dated = await myjobs.schedule(() => new Date());
  is<Same<typeof dated, Job<string>>>();
  const late = await myjobs.schedule(
    async ({ a }: { a: number }) => Promise.resolve({ a, at: new Date() }),
    { a: 1 },
    { name: "x" },
  );
  is<Same<typeof late, Job<{ a: number; at: string }>>>();
  const nothing = await myjobs.schedule(() => undefined);
  is<Same<typeof nothing, Job<null>>>();
  const many = await myjobs.scheduleMany(
    ({ a }: { a: number; b?: string }) => [a],
    [{ a: 1 }, { a: 2, b: "x" }],
  );
  is<Same<typeof many, Job<number[]>[]>>();
  // Of what no JSON carries there is nothing that could be used.
  const map = await myjobs.schedule(() => ({ map: new Map<string, number>() }));
  is<Same<typeof map, Job<{ map: never }>>>();
}

async function asking(
  myjobs: MyJobs,
  jobs: Job<Date | string>[],
): Promise<void> {
  const numbers = await myjobs.results([
    await myjobs.schedule(() => 1),
    await myjobs.schedule(() => 2),
  ]);
  is<Same<typeof numbers, [number, number]>>();
  const one = await myjobs.schedule(() => 1);
  const other = await myjobs.schedule(() => "x");
  const [first, second, third] = await myjobs.results([one, other, 7]);
  is<Same<typeof first, number>>();
  is<Same<typeof second, string>>();
  is<Same<typeof third, unknown>>();
  const maybe = await myjobs.results([one, other], { die: false });
  is<Same<typeof maybe, [number | undefined, string | undefined]>>();
  const mixed = await myjobs.results(jobs);
  is<Same<typeof mixed, (Date | string)[]>>();
  const byId = await myjobs.results<{ a: number }>([1, 2]);
  is<Same<typeof byId, { a: number }[]>>();
  const unknowns = await myjobs.results([1, 2]);
  is<Same<typeof unknowns, [unknown, unknown]>>();
  const some = await myjobs.results(jobs, { die: false, timeout: 5 });
  is<Same<typeof some, (Date | string | undefined)[]>>();
  const all = await myjobs.results(jobs, { timeout: 5 });
  is<Same<typeof all, (Date | string)[]>>();
  const job = await myjobs.schedule(() => "x");
  is<Same<typeof job.result, string | undefined>>();
  const waited = await job.wait();
  is<Same<typeof waited.result, string | undefined>>();
}

async function contexts(myjobs: MyJobs): Promise<void> {
  await myjobs.schedule(
    async ({ file }: { file: string }, context) => {
      is<Same<typeof context, Context>>();
      is<Same<typeof context.job.dependencies, readonly number[]>>();
      const fs = await context.import<typeof import("node:fs")>("node:fs");
      is<Same<typeof fs, typeof import("node:fs")>>();
      const loose = await context.import("./mail.js");
      is<Same<typeof loose, Record<string, unknown>>>();
      const required = context.require("./mail.js");
      is<Same<typeof required, unknown>>();
      // @ts-expect-error -- a context is read, not written
      context.job.id = 1;
      return file;
    },
    { file: "x" },
  );
}

type Shape = { kind: "circle"; r: number } | { kind: "square"; side: number };
type UserId = string & { readonly brand: "UserId" };
type Cents = number & { readonly brand: "Cents" };

async function unionsAndBrands(myjobs: MyJobs, id: UserId): Promise<void> {
  const area = (shape: Shape): number =>
    shape.kind === "circle" ? shape.r : shape.side;
  await myjobs.schedule(area, { kind: "circle", r: 1 });
  await myjobs.schedule(area, { kind: "square", side: 1 }, { name: "x" });
  await myjobs.scheduleMany(area, [
    { kind: "circle", r: 1 },
    { kind: "square", side: 1 },
  ]);
  // @ts-expect-error -- a circle has an r
  await myjobs.schedule(area, { kind: "circle" });
  // @ts-expect-error -- a circle has no side
  await myjobs.schedule(area, { kind: "circle", side: 1 });
  const branded = await myjobs.schedule(
    ({ id }: { id: UserId }) => ({ id, cents: 5 as Cents }),
    { id },
  );
  is<Same<typeof branded, Job<{ id: UserId; cents: Cents }>>>();
}

async function wrong(myjobs: MyJobs): Promise<void> {
  const take = ({ a }: { a: number; when?: string }): number => a;
  // @ts-expect-error -- a is needed
  await myjobs.schedule(take);
  // @ts-expect-error -- a is a number
  await myjobs.schedule(take, { a: "1" });
  // @ts-expect-error -- there is no c
  await myjobs.schedule(take, { a: 1, c: 1 });
  // @ts-expect-error -- kwargs are no list
  await myjobs.schedule(take, [{ a: 1 }]);
  const list = (numbers: number[]): number => numbers.length;
  // @ts-expect-error -- kwargs are an object
  await myjobs.schedule(list, [1]);
  // @ts-expect-error -- kwargs are an object
  await myjobs.schedule((text: string) => text, "x");
  const until = ({ at }: { at: Date }): number => at.getTime();
  const at = new Date();
  // @ts-expect-error -- it would arrive as a string
  await myjobs.schedule(until, { at });
  const big = ({ n }: { n: bigint }): string => String(n);
  // @ts-expect-error -- no JSON carries a BigInt
  await myjobs.schedule(big, { n: 1n });
  // @ts-expect-error -- a second one lacks a
  await myjobs.scheduleMany(take, [{ a: 1 }, {}]);
  // @ts-expect-error -- no such option
  await myjobs.schedule(take, { a: 1 }, { names: "x" });
  const other = (_: object, context: { nothing: 1 }): 1 => context.nothing;
  // @ts-expect-error -- no action takes a context of another kind
  await myjobs.schedule(other, {});
}

async function modules(myjobs: MyJobs): Promise<void> {
  type Exports = typeof import("./samples/modules.js");
  const actions = moduleActions<Exports>("./samples/modules.js");
  const { resize, greet } = actions;
  const resized = await myjobs.schedule(resize, { width: 1 });
  is<Same<typeof resized, Job<{ area: number; by: number }>>>();
  const greeted = await myjobs.schedule(greet);
  is<Same<typeof greeted, Job<string>>>();
  // @ts-expect-error -- width is a number
  await myjobs.schedule(resize, { width: "1" });
  // @ts-expect-error -- width is needed
  await myjobs.schedule(resize);
  // @ts-expect-error -- no such export
  const { crop } = actions;
  // @ts-expect-error -- that export is no function
  const { version } = actions;
}

test("schedule, results, contexts and module actions have the types that their parts imply", () => {
  const parts = [scheduling, asking, contexts, unionsAndBrands, wrong, modules];
  expect(parts.length).toBe(6);
});
