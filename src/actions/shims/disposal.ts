/* What compilers make `using` and `await using` of. */

interface Resource {
  dispose?: (() => unknown) | undefined;
  isAsync: boolean;
}

interface Scope {
  stack: Resource[];
  error: unknown;
  hasError: boolean;
}

/** TypeScript: one object for the block, in which a `catch` has put what was thrown. */
export function addResource<T>(
  { stack }: Scope,
  value: T,
  isAsync: boolean,
): T {
  stack.push({ dispose: disposer(value, isAsync), isAsync });
  return value;
}

export function disposeScope(scope: Scope): Promise<void> | undefined {
  return disposeAll(scope.stack, scope.error, scope.hasError);
}

/** esbuild: the stack alone, and what was thrown as arguments. */
export function using<T>(stack: Resource[], value: T, isAsync = false): T {
  stack.push({ dispose: disposer(value, isAsync), isAsync });
  return value;
}

export function disposeAll(
  stack: Resource[],
  error: unknown,
  hasError: boolean,
): Promise<void> | undefined {
  const failure = { error, has: hasError };
  const run = ({ dispose }: Resource): unknown => {
    try {
      return dispose?.();
    } catch (thrown) {
      fail(failure, thrown);
      return undefined;
    }
  };
  const finish = (): void => {
    if (failure.has) throw failure.error;
  };
  const last = [...stack].reverse();
  if (last.some(({ isAsync }) => isAsync)) {
    return (async () => {
      for (const resource of last)
        await Promise.resolve(run(resource)).catch((thrown: unknown) =>
          fail(failure, thrown),
        );
      finish();
    })();
  }
  last.forEach(run);
  finish();
  return undefined;
}

function disposer(
  value: unknown,
  isAsync: boolean,
): (() => unknown) | undefined {
  if (value === null || value === undefined) return undefined;
  // Where a Node has no such symbols, compilers' code and libraries agree on these.
  const known: { dispose?: symbol; asyncDispose?: symbol } = Symbol;
  const names = [
    isAsync && (known.asyncDispose ?? Symbol.for("Symbol.asyncDispose")),
    known.dispose ?? Symbol.for("Symbol.dispose"),
  ];
  for (const name of names) {
    const dispose = name ? (value as Record<symbol, unknown>)[name] : undefined;
    if (typeof dispose === "function")
      return () => dispose.call(value) as unknown;
  }
  throw new TypeError("Object not disposable");
}

function fail(
  failure: { error: unknown; has: boolean },
  thrown: unknown,
): void {
  const name = "SuppressedError";
  const both = { name, error: thrown, suppressed: failure.error };
  failure.error = failure.has
    ? Object.assign(new Error("An error was suppressed during disposal."), both)
    : thrown;
  failure.has = true;
}
