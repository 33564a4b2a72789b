/* What compilers make async functions, async generators and `for await` of, with plain generators. */

type Step = IteratorResult<unknown, unknown>;

type Body = (
  this: unknown,
  ...args: unknown[]
) => Generator<unknown, unknown, unknown>;

/** TypeScript: `__awaiter(this, arguments, Promise, function* () {})`. */
export const awaiter = (
  self: unknown,
  args: unknown,
  _promise: unknown,
  body: Body,
): Promise<unknown> => run(body.apply(self, list(args)));

/** esbuild: `__async(this, arguments, function* () {})`. */
export const asyncOf = (
  self: unknown,
  args: unknown,
  body: Body,
): Promise<unknown> => run(body.apply(self, list(args)));

/** swc and Babel: a generator function in, an async one out. */
export const asyncToGenerator = (
  body: Body,
): ((...args: unknown[]) => Promise<unknown>) =>
  function (this: unknown, ...args) {
    return run(body.apply(this, args));
  };

/** The mark that a yielded value is one to wait for, not one to give out. */
export class Awaited {
  constructor(
    readonly value: unknown,
    readonly isStar = false,
  ) {}
}

/** Called with and without `new`. */
export const awaited = function (value: unknown, isStar?: boolean): Awaited {
  return new Awaited(value, Boolean(isStar));
};

/** TypeScript and esbuild: `__asyncGenerator(this, arguments, function* () {})`. */
export const asyncGenerator = (
  self: unknown,
  args: unknown,
  body: Body,
): AsyncGenerator<unknown, unknown, unknown> =>
  give(body.apply(self, list(args)));

/** swc and Babel: a generator function in, an async generator function out. */
export const wrapAsyncGenerator = (
  body: Body,
): ((...args: unknown[]) => AsyncGenerator<unknown, unknown, unknown>) =>
  function (this: unknown, ...args) {
    return give(body.apply(this, args));
  };

/** For `for await`: the asynchronous iterator of something, or one made of its synchronous one. */
export function asyncIterator(
  from: AsyncIterable<unknown> | Iterable<unknown>,
): AsyncIterator<unknown> {
  const own = (from as Partial<AsyncIterable<unknown>>)[
    Symbol.asyncIterator
  ] as (() => AsyncIterator<unknown>) | undefined;
  if (own) return own.call(from);
  return settleEach((from as Iterable<unknown>)[Symbol.iterator]());
}

/** `yield*` in an async generator. */
export function* delegate(
  from: AsyncIterable<unknown> | Iterable<unknown>,
): Generator<unknown, unknown, unknown> {
  const iterator = asyncIterator(from);
  let isDone = false;
  try {
    for (;;) {
      const step = (yield new Awaited(iterator.next())) as Step;
      if (step.done) {
        isDone = true;
        return step.value;
      }
      yield step.value;
    }
  } finally {
    if (!isDone && iterator.return) yield new Awaited(iterator.return());
  }
}

async function run(
  steps: Generator<unknown, unknown, unknown>,
): Promise<unknown> {
  let step = steps.next();
  while (!step.done) step = await resume(steps, step.value);
  return step.value;
}

async function* give(
  steps: Generator<unknown, unknown, unknown>,
): AsyncGenerator<unknown, unknown, unknown> {
  let step = steps.next();
  while (!step.done) {
    if (step.value instanceof Awaited) {
      step = await resume(steps, step.value.value);
      continue;
    }
    let isLeft = true;
    try {
      const sent = yield step.value;
      isLeft = false;
      step = steps.next(sent);
    } catch (thrown) {
      if (!isLeft) throw thrown;
      isLeft = false;
      step = steps.throw(thrown);
    } finally {
      if (isLeft) await close(steps);
    }
  }
  return step.value;
}

/** The consumer goes early: what the generator has in its `finally` still runs, and may wait. */
async function close(
  steps: Generator<unknown, unknown, unknown>,
): Promise<void> {
  let step = steps.return(undefined);
  while (!step.done)
    step =
      step.value instanceof Awaited
        ? await resume(steps, step.value.value)
        : steps.next();
}

async function resume(
  steps: Generator<unknown, unknown, unknown>,
  pending: unknown,
): Promise<IteratorResult<unknown, unknown>> {
  let value: unknown;
  try {
    value = await pending;
  } catch (reason) {
    return steps.throw(reason);
  }
  return steps.next(value);
}

async function* settleEach(iterator: Iterator<unknown>): AsyncGenerator {
  for (let step = iterator.next(); !step.done; step = iterator.next())
    yield await step.value;
}

function list(args: unknown): unknown[] {
  return args === null || args === undefined
    ? []
    : Array.from(args as ArrayLike<unknown>);
}
