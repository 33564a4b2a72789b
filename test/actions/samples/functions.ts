/** Functions as users write them; each is run as it is, and after its way through an action's row. */
declare const maybe: { there: boolean } | undefined;

export function plain({ a, b }: { a: number; b: number }) {
  return a + b;
}

export const asyncArrow = async ({ a }: { a: number }) => {
  await Promise.resolve();
  return a * 2;
};

export function defaults(
  { a = 1, b = a + 1 }: { a?: number; b?: number },
  _context: unknown,
  c = b * 2,
) {
  return [a, b, c];
}

interface Nested {
  list: number[];
  object: Record<string, number>;
}

export function destructuring({
  list: [first, , ...others],
  object: { x, ...left },
}: Nested) {
  return [first, others, x, left];
}

export function nestedNamed({ n }: { n: number }) {
  function twice(x: number) {
    return x * 2;
  }
  const thrice = (x: number) => x * 3;
  return [twice(n), thrice(n), twice.name, thrice.name];
}

export function classInside({ n }: { n: number }) {
  class Counter {
    static made = 0;
    static {
      Counter.made = 10;
    }
    static #all = 0;
    readonly label = "counter";
    #count: number;
    constructor(start: number) {
      this.#count = start;
      Counter.#all++;
    }
    #step(by: number) {
      this.#count += by;
      return this;
    }
    get #doubled() {
      return this.#count * 2;
    }
    count(by: number) {
      this.#count++;
      return this.#step(by).#doubled;
    }
    static isOne(value: object) {
      return #count in value;
    }
    static get all() {
      return Counter.#all;
    }
  }
  class Named extends Counter {
    override count(by: number) {
      return super.count(by) + 1000;
    }
  }
  const one = new Named(n);
  return [
    one.count(2),
    one.label,
    Counter.made,
    Counter.all,
    Counter.isOne(one),
    Counter.isOne({}),
    Counter.name,
  ];
}

export const holder = {
  shorthand({ a }: { a: number }) {
    return a + 1;
  },
  async asyncMethod({ a }: { a: number }) {
    await null;
    return a + 2;
  },
};

export function optionalChaining({
  user,
}: {
  user?: { name?: { first: string } };
}) {
  return [
    user?.name?.first,
    user?.name ?? "nobody",
    (user as undefined | { f(): number })?.f?.(),
  ];
}

export function taggedTemplate({ a }: { a: number }) {
  const tag = (strings: TemplateStringsArray, ...values: unknown[]) => [
    strings.raw.join("|"),
    ...values,
  ];
  return tag`one\n${a}two${a * 2}`;
}

export function regularExpression({ text }: { text: string }) {
  return [...text.matchAll(/(?<word>[a-z]+)\/?/giu)].map(
    (match) => match.groups?.["word"],
  );
}

export async function importNode() {
  const { join } = await import("node:path");
  return join("a", "b");
}

export async function importPackage() {
  const acorn = await import("acorn");
  return typeof acorn.parse;
}

export async function importRelative() {
  const { answer } = await import("./relative.js");
  return answer;
}

export function importMeta() {
  return import.meta.url.split("/").length > 3;
}

export function typeofMaybe() {
  return typeof maybe === "undefined" ? "absent" : maybe.there;
}

export function labelledLoops({ n }: { n: number }) {
  let steps = 0;
  outer: for (let i = 0; i < n; i++) {
    for (const j of [1, 2, 3]) {
      if (j === 2) continue outer;
      if (i === 3) break outer;
      steps += j;
    }
  }
  return steps;
}

export function ownArguments() {
  return arguments.length;
}

export function recursion({ n }: { n: number }): number {
  return n < 2 ? 1 : n * recursion({ n: n - 1 });
}

export const arrowRecursion = ({ n }: { n: number }): number =>
  n < 2 ? 1 : n * arrowRecursion({ n: n - 1 });

export async function generators({ n }: { n: number }) {
  function* count() {
    for (let i = 0; i < n; i++) yield i;
    return "end";
  }
  async function* later() {
    try {
      yield* count();
      const sent: unknown = yield await Promise.resolve("waited");
      yield sent;
    } finally {
      log.push("left");
    }
  }
  async function* endless() {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      log.push("closed");
    }
  }
  const log: unknown[] = [];
  for await (const one of later()) log.push(one);
  for await (const one of endless()) {
    log.push(one);
    if (one > 1) break;
  }
  for await (const one of [Promise.resolve("p"), "q"]) log.push(one);
  return log;
}

export function spreads({ a }: { a: Record<string, number> }) {
  const { x, ...rest }: Record<string, number | undefined> = {
    ...a,
    y: 2,
    ...{ z: 3 },
  };
  const list = [...Object.keys(rest), ...[x]];
  return [
    rest,
    list,
    Math.max(...[1, 2 ** 3]),
    ((...all: number[]) => all.length)(...[1, 2]),
  ];
}

export async function asyncInside({ n }: { n: number }) {
  const each = async (x: number) => {
    if (x > 2) throw new RangeError(`too large: ${String(x)}`);
    return x;
  };
  const settled = await Promise.allSettled([each(n), each(n + 5)]);
  return settled.map((one) =>
    one.status === "fulfilled" ? one.value : String(one.reason),
  );
}

export function logicalAssignment({
  a,
}: {
  a: { b?: number; c: number | null };
}) {
  a.b ??= 5;
  a.c ||= 6;
  a.b &&= 7;
  return [a, 1_000, typeof 10n];
}

export function disposal() {
  const log: string[] = [];
  const make = (name: string) => ({
    [Symbol.dispose ?? Symbol.for("Symbol.dispose")]: () => log.push(name),
  });
  {
    using one = make("one") as unknown as Disposable;
    using two = make("two") as unknown as Disposable;
    log.push("inside", typeof one, typeof two);
  }
  return log;
}

/** What each is called with, and what it must give. */
export const calls: Record<string, [kwargs: unknown, result: unknown]> = {
  plain: [{ a: 1, b: 2 }, 3],
  asyncArrow: [{ a: 2 }, 4],
  defaults: [{}, [1, 2, 4]],
  destructuring: [
    { list: [1, 2, 3, 4], object: { x: 5, y: 6 } },
    [1, [3, 4], 5, { y: 6 }],
  ],
  nestedNamed: [{ n: 2 }, [4, 6, "twice", "thrice"]],
  classInside: [{ n: 1 }, [1008, "counter", 10, 1, true, false, "Counter"]],
  shorthand: [{ a: 1 }, 2],
  asyncMethod: [{ a: 1 }, 3],
  optionalChaining: [{ user: {} }, [undefined, "nobody", undefined]],
  taggedTemplate: [{ a: 1 }, ["one\\n|two|", 1, 2]],
  regularExpression: [{ text: "ab/cd" }, ["ab", "cd"]],
  importNode: [{}, "a/b"],
  importPackage: [{}, "function"],
  importRelative: [{}, 42],
  importMeta: [{}, true],
  typeofMaybe: [{}, "absent"],
  labelledLoops: [{ n: 5 }, 3],
  ownArguments: [{}, 2],
  recursion: [{ n: 5 }, 120],
  arrowRecursion: [{ n: 5 }, 120],
  generators: [
    { n: 2 },
    [0, 1, "waited", undefined, "left", 0, 1, 2, "closed", "p", "q"],
  ],
  spreads: [{ a: { x: 1 } }, [{ y: 2, z: 3 }, ["y", "z", 1], 8, 2]],
  asyncInside: [{ n: 1 }, [1, "RangeError: too large: 6"]],
  logicalAssignment: [{ a: { c: 0 } }, [{ b: 7, c: 6 }, 1000, "bigint"]],
  disposal: [{}, ["inside", "object", "object", "two", "one"]],
};
