type Namespace = Record<PropertyKey, unknown>;

/** What compilers wrap around `require` where the source says `import()` or `import`. */
export function wildcard(module: unknown): unknown {
  if (isObject(module) && module.__esModule === true) return module;
  const namespace: Namespace = {};
  if (isObject(module)) {
    for (const name of Reflect.ownKeys(module)) {
      const get = (): unknown => module[name];
      Object.defineProperty(namespace, name, {
        enumerable: true,
        configurable: true,
        get,
      });
    }
  }
  return Object.defineProperty(namespace, "default", {
    enumerable: true,
    configurable: true,
    value: module,
  });
}

export function onlyDefault(module: unknown): unknown {
  return isObject(module) && module.__esModule === true
    ? module
    : { default: module };
}

function isObject(value: unknown): value is Namespace {
  return (
    (typeof value === "object" && value !== null) || typeof value === "function"
  );
}
