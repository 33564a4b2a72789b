/* What compilers call for #private members where the target has none: a WeakMap or WeakSet holds who has them. */

type Store = WeakMap<object, unknown> | WeakSet<object>;
type Getter = (this: object) => unknown;
type Setter = (this: object, value: unknown) => void;

/** TypeScript: kind 'f' is a field, 'm' a method, 'a' an accessor; of a static member, `state` is the class. */
export function classGet(
  holder: object,
  state: Store | object,
  kind?: string,
  member?: unknown,
): unknown {
  if (kind === "a" && !member)
    throw new TypeError("Private accessor was defined without a getter");
  mustHave(holder, state, "read");
  if (kind === "m") return member;
  if (kind === "a") return (member as Getter).call(holder);
  return member
    ? (member as { value: unknown }).value
    : (state as WeakMap<object, unknown>).get(holder);
}

export function classSet(
  holder: object,
  state: Store | object,
  value: unknown,
  kind?: string,
  member?: unknown,
): unknown {
  if (kind === "m") throw new TypeError("Private method is not writable");
  if (kind === "a" && !member)
    throw new TypeError("Private accessor was defined without a setter");
  mustHave(holder, state, "write");
  if (kind === "a") (member as Setter).call(holder, value);
  else if (member) (member as { value: unknown }).value = value;
  else (state as WeakMap<object, unknown>).set(holder, value);
  return value;
}

export function classIn(state: Store | object, holder: unknown): boolean {
  mustBeObject(holder);
  return has(holder, state);
}

/** esbuild: the member comes first or not at all. */
export function privateGet(
  holder: object,
  state: Store,
  getter?: Getter,
): unknown {
  mustHave(holder, state, "read");
  return getter
    ? getter.call(holder)
    : (state as WeakMap<object, unknown>).get(holder);
}

export function privateSet(
  holder: object,
  state: Store,
  value: unknown,
  setter?: Setter,
): unknown {
  mustHave(holder, state, "write");
  if (setter) setter.call(holder, value);
  else (state as WeakMap<object, unknown>).set(holder, value);
  return value;
}

export function privateMethod(
  holder: object,
  state: Store,
  method: unknown,
): unknown {
  mustHave(holder, state, "access");
  return method;
}

export function privateAdd(
  holder: object,
  state: Store,
  value?: unknown,
): void {
  if (has(holder, state))
    throw new TypeError("Cannot add the same private member more than once");
  if ("set" in state) state.set(holder, value);
  else state.add(holder);
}

export function privateIn(state: Store, holder: unknown): boolean {
  mustBeObject(holder);
  return has(holder, state);
}

/** esbuild: `holder.#x++` as something with a `_` that can be read and written. */
export const privateWrapper = (
  holder: object,
  state: Store,
  setter?: Setter,
  getter?: Getter,
): { _: unknown } => ({
  get _(): unknown {
    return privateGet(holder, state, getter);
  },
  set _(value: unknown) {
    privateSet(holder, state, value, setter);
  },
});

/** swc and Babel: fields are boxed, accessors stand in the box. */
interface Box {
  value?: unknown;
  get?: Getter;
  set?: Setter;
  writable?: boolean;
}

export const boxGet = (
  holder: object,
  state: WeakMap<object, Box>,
): unknown => {
  const box = boxOf(holder, state, "get");
  return box.get ? box.get.call(holder) : box.value;
};

export const boxSet = (
  holder: object,
  state: WeakMap<object, Box>,
  value: unknown,
): unknown => {
  const box = boxOf(holder, state, "set");
  if (box.set) box.set.call(holder, value);
  else if (box.writable === false)
    throw new TypeError("attempted to set read only private field");
  else box.value = value;
  return value;
};

/** swc: `holder.#x++`, as something with a `value` that can be read and written. */
export const boxUpdate = (
  holder: object,
  state: WeakMap<object, Box>,
): { value: unknown } => ({
  get value(): unknown {
    return boxGet(holder, state);
  },
  set value(value: unknown) {
    boxSet(holder, state, value);
  },
});

/** swc: a static member's box is handed over, the class with it. */
export const staticGet = (holder: object, owner: object, box: Box): unknown =>
  boxGet(holder, boxed(holder, owner, box));

export const staticSet = (
  holder: object,
  owner: object,
  box: Box,
  value: unknown,
): unknown => boxSet(holder, boxed(holder, owner, box), value);

export const staticUpdate = (
  holder: object,
  owner: object,
  box: Box,
): { value: unknown } => boxUpdate(holder, boxed(holder, owner, box));

export const staticMethod = (
  holder: object,
  owner: object,
  method: unknown,
): unknown => {
  mustHave(holder, owner, "access");
  return method;
};

/** Babel: who may use the member, or the class itself if it is static; gives the holder, or what is named third. */
export function assertBrand(
  state: Store | object,
  holder: object,
  value?: unknown,
): unknown {
  mustHave(holder, state, "access");
  return arguments.length < 3 ? holder : value;
}

export const brandGet = (
  state: WeakMap<object, unknown>,
  holder: object,
): unknown => {
  mustHave(holder, state, "read");
  return state.get(holder);
};

export const brandSet = (
  state: WeakMap<object, unknown>,
  holder: object,
  value: unknown,
): unknown => {
  mustHave(holder, state, "write");
  state.set(holder, value);
  return value;
};

function boxed(holder: object, owner: object, box: Box): WeakMap<object, Box> {
  mustHave(holder, owner, "access");
  return new WeakMap([[holder, box]]);
}

function boxOf(holder: object, state: WeakMap<object, Box>, what: string): Box {
  const box = state.get(holder);
  if (!box)
    throw new TypeError(`attempted to ${what} private field on non-instance`);
  return box;
}

function has(holder: object, state: Store | object): boolean {
  return isStore(state) ? state.has(holder) : holder === state;
}

function isStore(state: Store | object): state is Store {
  return (
    typeof state !== "function" && typeof (state as Store).has === "function"
  );
}

function mustHave(holder: object, state: Store | object, what: string): void {
  if (!has(holder, state))
    throw new TypeError(
      `Cannot ${what} private member of an object whose class did not declare it`,
    );
}

function mustBeObject(holder: unknown): asserts holder is object {
  if (
    (typeof holder !== "object" && typeof holder !== "function") ||
    holder === null
  ) {
    throw new TypeError(
      "Cannot use 'in' operator to search for a private member in what is no object",
    );
  }
}
