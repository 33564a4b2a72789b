/**
 * Stands for the counters of a coverage tool (`cov_1a2b().s[3]++`), which live in the process that was
 * instrumented. Whatever is read from it or called is itself, and it can be counted up.
 */
export function counters(): unknown {
  const count = (): number => 0;
  const all: unknown = new Proxy(() => all, {
    get: (_target, name) => (name === Symbol.toPrimitive ? count : all),
    set: () => true,
  });
  return all;
}
