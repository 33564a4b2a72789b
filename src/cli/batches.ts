/**
 * Gathers items: so many at most, and what has come within so many milliseconds of the first, so that
 * a slow source keeps nobody waiting.
 */
export async function* batches<T>(
  items: AsyncIterable<T>,
  size: number,
  patience: number,
): AsyncGenerator<T[]> {
  const iterator = items[Symbol.asyncIterator]();
  let next = ask(iterator);
  try {
    for (let first = await next; first.done !== true; first = await next) {
      const batch = [first.value];
      next = ask(iterator);
      const late = timer(patience);
      while (batch.length < size) {
        const result = await Promise.race([next, late.over]);
        if (result === undefined || result.done === true) break;
        batch.push(result.value);
        next = ask(iterator);
      }
      late.clear();
      yield batch;
    }
  } finally {
    // Not awaited: the source may be busy waiting for what never comes.
    iterator.return?.().catch(() => undefined);
  }
}

/** It is awaited only later, and until then its failure must not pass for one that nobody hears of. */
function ask<T>(iterator: AsyncIterator<T>): Promise<IteratorResult<T>> {
  const next = iterator.next();
  next.catch(() => undefined);
  return next;
}

function timer(delay: number): { over: Promise<undefined>; clear(): void } {
  let timeout: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    timeout = setTimeout(() => resolve(undefined), delay);
  });
  return { over, clear: () => clearTimeout(timeout) };
}
