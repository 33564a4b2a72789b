/* eslint-disable @typescript-eslint/no-unused-vars -- their types are what is tested */
import { expect, test } from "@jest/globals";

import { moduleActions } from "../../src/actions/declare.js";
import type {
  Action,
  Context,
  Json,
  Kwargs,
  ModuleAction,
} from "../../src/actions/types.js";

/** The compiler is what tests here: a line that is wrong, or not wrong where it must be, fails `npm run typecheck`. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2
    ? true
    : false;

function is<_Claim extends true>(): void {
  expect(true).toBe(true);
}

/** Infers as `schedule` does. */
function resultOf<K, R>(
  _action: Action<K, R>,
  _kwargs: Kwargs<NoInfer<K>>,
): Json<Awaited<R>> {
  return undefined as Json<Awaited<R>>;
}

interface User {
  name: string;
  born?: Date;
  tags: readonly string[];
}

class Money {
  amount = 1;
  toJSON(): { amount: number } {
    return { amount: this.amount };
  }
}

test("results read as JSON carries them", () => {
  is<Same<Json<Date>, string>>();
  is<Same<Json<string | null>, string | null>>();
  is<Same<Json<undefined>, null>>();
  is<Same<Json<void>, null>>();
  is<Same<Json<number | undefined>, number | null>>();
  is<
    Same<
      Json<User>,
      { name: string; born?: string | undefined; tags: readonly string[] }
    >
  >();
  is<Same<Json<Money>, { amount: number }>>();
  is<Same<Json<[Date, Money]>, [string, { amount: number }]>>();
  is<Same<Json<Date[]>, string[]>>();
  is<
    Same<Json<{ a: Map<string, number>; b: bigint }>, { a: never; b: never }>
  >();
  is<Same<Json<Promise<number>>, never>>();
  is<Same<Json<unknown>, unknown>>();
  is<
    Same<
      Json<{ kind: "a" } | { kind: "b"; at: Date }>,
      { kind: "a" } | { kind: "b"; at: string }
    >
  >();
  is<Same<Json<Record<string, Date>>, Record<string, string>>>();
});

test("schedule infers what an action wants and gives", () => {
  const plain = resultOf(({ a }: { a: number }) => [a, new Date()] as const, {
    a: 1,
  });
  is<Same<typeof plain, readonly [number, string]>>();
  const late = resultOf(
    async ({ user }: { user: string }) => Promise.resolve({ user }),
    { user: "x" },
  );
  is<Same<typeof late, { user: string }>>();
  const nothing = resultOf((_: { a?: string[] }) => undefined, {});
  is<Same<typeof nothing, null>>();
  const none = resultOf(() => 1, {});
  is<Same<typeof none, number>>();
});

test("wrong arguments do not compile", () => {
  const take = (_: { a: number; b?: string }): number => 1;
  // @ts-expect-error -- a is missing
  resultOf(take, {});
  // @ts-expect-error -- a is a number
  resultOf(take, { a: "1" });
  // @ts-expect-error -- there is no c
  resultOf(take, { a: 1, c: 1 });
  // @ts-expect-error -- it would arrive as a string
  resultOf((_: { when: Date }) => 1, { when: new Date() });
  const nested = (_: { deep: { map: Map<string, number> }[] }): number => 1;
  // @ts-expect-error -- no JSON carries a Map
  resultOf(nested, { deep: [{ map: new Map() }] });
  // @ts-expect-error -- no JSON carries a function
  resultOf((_: { f: () => void }) => 1, { f: () => undefined });
  is<
    Same<
      Kwargs<{ a: string | number; b: null; c: boolean[] }>,
      { a: string | number; b: null; c: boolean[] }
    >
  >();
});

test("the context has its types", () => {
  resultOf(async (_: object, context: Context) => {
    is<Same<typeof context.job.id, number>>();
    is<Same<typeof context.signal, AbortSignal>>();
    is<Same<typeof context.dependencies, readonly unknown[]>>();
    const { answer } =
      await context.import<typeof import("./samples/relative.js")>(
        "./relative.js",
      );
    is<Same<typeof answer, 42>>();
    // @ts-expect-error -- it has no such part
    return context.nothing as unknown;
  }, {});
});

test("exports of a module are declared with their types", () => {
  const { resize, greet, ...others } = moduleActions<
    typeof import("./samples/modules.js")
  >("./samples/modules.js");
  is<
    Same<
      typeof resize,
      ModuleAction<{ width: number }, { area: number; by: number }>
    >
  >();
  const result = resultOf(resize, { width: 1 });
  is<Same<typeof result, { area: number; by: number }>>();
  const greeting = resultOf(greet, {});
  is<Same<typeof greeting, string>>();
  // @ts-expect-error -- width is a number
  resultOf(resize, { width: "1" });
  // @ts-expect-error -- version is no function
  expect(others.version).toBeUndefined();
  const loose: ModuleAction = { module: "acorn", method: "parse" };
  resultOf(loose, undefined as never);
  resultOf({ module: new URL("file:///a.js"), method: "x" }, { any: "thing" });
});
