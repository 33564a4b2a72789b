/* What compilers call for object spread and rest, and for class fields. */

type Loose = Record<PropertyKey, unknown>;

export const spread = (target: object, ...sources: unknown[]): object =>
  Object.assign(target, ...sources) as object;

/** esbuild and swc: `{...a, ...b}` where `b` has accessors or the like, which are copied as they are. */
export const spreadProperties = (target: object, source: object): object =>
  Object.defineProperties(target, Object.getOwnPropertyDescriptors(source));

export function rest(source: unknown, taken: readonly PropertyKey[]): Loose {
  const left: Loose = {};
  if (source === null || source === undefined) return left;
  const object = source as Loose;
  const names = taken.map((name) =>
    typeof name === "symbol" ? name : String(name),
  );
  for (const name of Reflect.ownKeys(object)) {
    if (
      !names.includes(name) &&
      Object.prototype.propertyIsEnumerable.call(object, name)
    )
      left[name] = object[name];
  }
  return left;
}

export function define(target: object, name: unknown, value: unknown): object {
  const key = propertyKey(name);
  return Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** esbuild's `__publicField` is handed back the value. */
export function publicField(
  target: object,
  name: unknown,
  value: unknown,
): unknown {
  define(target, typeof name === "symbol" ? name : String(name), value);
  return value;
}

export function propertyKey(name: unknown): PropertyKey {
  return typeof name === "symbol" ? name : String(name);
}

export function setName(
  target: object,
  name: string | symbol,
  prefix?: string,
): object {
  const text = typeof name === "symbol" ? `[${name.description ?? ""}]` : name;
  return Object.defineProperty(target, "name", {
    value: prefix ? `${prefix} ${text}` : text,
    configurable: true,
  });
}

/** The strings of a tagged template: the same for each call of it, which the caller takes care of. */
export function templateObject(
  cooked: readonly unknown[],
  raw?: readonly unknown[],
): object {
  const strings = [...cooked];
  return Object.freeze(
    Object.defineProperty(strings, "raw", {
      value: Object.freeze([...(raw ?? cooked)]),
    }),
  );
}
