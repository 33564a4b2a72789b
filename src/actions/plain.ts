/** What most kwargs and results are: a number, or a plain object of nothing but texts, numbers and booleans. */
export function isSimple(value: unknown): boolean {
  if (typeof value !== "object") return Number.isFinite(value);
  if (value === null) return true;
  try {
    return hasSimpleFields(value as Record<string, unknown>);
  } catch {
    // Reading it may run code of the user's; whoever reads it again tells what is wrong where.
    return false;
  }
}

export function hasToJson(
  value: unknown,
): value is { toJSON(name: string): unknown } {
  return (
    typeof (value as { toJSON?: unknown } | null | undefined)?.toJSON ===
    "function"
  );
}

/** Object.prototype of whatever realm, or none. */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function hasSimpleFields(value: Record<string, unknown>): boolean {
  if (hasToJson(value) || Array.isArray(value) || !isPlain(value)) return false;
  for (const name of Object.keys(value)) {
    const item = value[name];
    const kind = typeof item;
    if (kind !== "string" && kind !== "boolean" && !Number.isFinite(item))
      return false;
  }
  return Object.getOwnPropertySymbols(value).length === 0;
}
