/** Functions as users write them. They take nothing from around them, so that each tool must leave each able to be a job. */
declare const maybe: { there: boolean } | undefined;

function plain({ a, b }: { a: number; b: number }) {
  return a + b;
}

const asyncArrow = async ({ a }: { a: number }) => {
  await Promise.resolve();
  return a * 2;
};

function defaultParameters(
  { a = 1, b = a + 1 }: { a?: number; b?: number },
  _context: unknown,
  c = b * 2,
) {
  return [a, b, c];
}

function destructuring({
  list: [first, , ...others],
  object: { x, ...left },
}: {
  list: number[];
  object: Record<string, number>;
}) {
  return [first, others, x, left];
}

function nestedNamed({ n }: { n: number }) {
  function twice(x: number) {
    return x * 2;
  }
  const thrice = (x: number) => x * 3;
  return [twice(n), thrice(n), typeof twice.name, typeof thrice.name];
}

function classInside({ n }: { n: number }) {
  class Counter {
    static made = 0;
    static {
      Counter.made = 10;
    }
    static #all = 0;
    label = "counter";
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
  class Loud extends Counter {
    override count(by: number) {
      return super.count(by) + 1000;
    }
  }
  const one = new Loud(n);
  const classes = [Counter.made, Counter.all, Counter.isOne(one)];
  return [one.count(2), one.label, ...classes, Counter.isOne({})];
}

const holder = {
  methodShorthand({ a }: { a: number }) {
    return a + 1;
  },
  async asyncMethod({ a }: { a: number }) {
    await Promise.resolve();
    return a + 2;
  },
};

function optionalChaining({ user }: { user?: { name?: { first: string } } }) {
  return [
    user?.name?.first ?? null,
    user?.name ?? "nobody",
    (user as { f?: { g(): number } })?.f?.g() ?? 0,
  ];
}

function taggedTemplate({ a }: { a: number }) {
  const kept: unknown[] = [];
  const tag = (strings: TemplateStringsArray, ...values: unknown[]) => {
    kept.push(strings);
    return [strings.raw.join("|"), ...values];
  };
  const make = () => tag`one\n${a}two${a * 2}`;
  return [make(), make(), kept[0] === kept[1]];
}

function regularExpression({ text }: { text: string }) {
  return [...text.matchAll(/(?<word>[a-z]+)\/?/giu)].map(
    (match) => match.groups?.["word"],
  );
}

async function importNode() {
  const { join } = await import("node:path");
  return join("a", "b");
}

async function importPackage() {
  const acorn = await import("acorn");
  return typeof acorn.parse;
}

async function importRelative() {
  const { answer } = await import("./relative.js");
  return answer;
}

function requireNode() {
  const { join } = require("node:path");
  return join("a", "b");
}

function typeofMaybe() {
  return typeof maybe === "undefined" ? "absent" : maybe.there;
}

function labelledLoops({ n }: { n: number }) {
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

function ownArguments() {
  return arguments.length;
}

function recursion({ n }: { n: number }): number {
  return n < 2 ? 1 : n * recursion({ n: n - 1 });
}

const arrowRecursion = ({ n }: { n: number }): number =>
  n < 2 ? 1 : n * arrowRecursion({ n: n - 1 });

/** Exported where it stands: TypeScript's CommonJS calls it by its export. */
export const exportedRecursion = ({ n }: { n: number }): number =>
  n < 2 ? 1 : n * exportedRecursion({ n: n - 1 });

/** After what compilers move about. */
async function throwing({ name = "somebody" }: { name?: string }) {
  const told: string[] = [];
  for await (const word of [name, name]) told.push(word?.trim());

  const fail = (words: readonly string[]): never => {
    if (words.length > 0) throw new Error("thrown in its place");
    return [] as never;
  };
  return fail(told);
}

export {
  arrowRecursion,
  asyncArrow,
  classInside,
  defaultParameters,
  destructuring,
  holder,
  importNode,
  importPackage,
  importRelative,
  labelledLoops,
  nestedNamed,
  optionalChaining,
  ownArguments,
  plain,
  recursion,
  regularExpression,
  requireNode,
  taggedTemplate,
  throwing,
  typeofMaybe,
};
