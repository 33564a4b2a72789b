import * as asynchrony from "./asynchrony.js";
import * as disposal from "./disposal.js";
import { onlyDefault, wildcard } from "./interop.js";
import * as objects from "./objects.js";
import * as privates from "./privates.js";

const read = (from: Iterable<unknown>, count = Infinity): unknown[] => {
  const taken: unknown[] = [];
  if (count > 0) {
    for (const one of from) if (taken.push(one) >= count) break;
  }
  return taken;
};
const toArray = (from: Iterable<unknown>): unknown[] => [...from];
const name = (target: object, value: string): object =>
  objects.setName(target, value);

/** By the names that TypeScript's compiler calls, and tslib exports. */
export const tslib: Record<string, unknown> = {
  __assign: objects.spread,
  __rest: objects.rest,
  __propKey: objects.propertyKey,
  __setFunctionName: objects.setName,
  __makeTemplateObject: objects.templateObject,
  __spreadArray: (to: unknown[], from: ArrayLike<unknown>) => [
    ...to,
    ...Array.from(from),
  ],
  __read: read,
  __values: (from: Iterable<unknown>) => from[Symbol.iterator](),
  __awaiter: asynchrony.awaiter,
  __await: asynchrony.awaited,
  __asyncGenerator: asynchrony.asyncGenerator,
  __asyncDelegator: asynchrony.delegate,
  __asyncValues: asynchrony.asyncIterator,
  __classPrivateFieldGet: privates.classGet,
  __classPrivateFieldSet: privates.classSet,
  __classPrivateFieldIn: privates.classIn,
  __addDisposableResource: disposal.addResource,
  __disposeResources: disposal.disposeScope,
  __importStar: wildcard,
  __importDefault: onlyDefault,
};

export const esbuild: Record<string, unknown> = {
  __name: name,
  __spreadValues: objects.spread,
  __spreadProps: objects.spreadProperties,
  __objRest: objects.rest,
  __publicField: objects.publicField,
  __template: objects.templateObject,
  __pow: Math.pow,
  __async: asynchrony.asyncOf,
  __yieldStar: asynchrony.delegate,
  __forAwait: asynchrony.asyncIterator,
  __privateGet: privates.privateGet,
  __privateSet: privates.privateSet,
  __privateAdd: privates.privateAdd,
  __privateMethod: privates.privateMethod,
  __privateIn: privates.privateIn,
  __privateWrapper: privates.privateWrapper,
  __using: disposal.using,
  __callDispose: disposal.disposeAll,
  __toESM: wildcard,
};

/** swc's names; Babel's are the same in camel case, but for those below. */
const swc: Record<string, unknown> = {
  _async_to_generator: asynchrony.asyncToGenerator,
  _await_async_generator: asynchrony.awaited,
  _wrap_async_generator: asynchrony.wrapAsyncGenerator,
  _async_generator_delegate: asynchrony.delegate,
  _async_iterator: asynchrony.asyncIterator,
  _define_property: objects.define,
  _extends: objects.spread,
  _object_spread: objects.spread,
  _object_spread_props: objects.spreadProperties,
  _object_without_properties: objects.rest,
  _object_without_properties_loose: objects.rest,
  _to_property_key: objects.propertyKey,
  _tagged_template_literal: objects.templateObject,
  _sliced_to_array: read,
  _to_consumable_array: toArray,
  _to_array: toArray,
  _class_private_field_init: privates.privateAdd,
  _class_private_method_init: privates.privateAdd,
  _class_private_method_get: privates.privateMethod,
  _class_private_field_get: privates.boxGet,
  _class_private_field_set: privates.boxSet,
  _class_private_field_update: privates.boxUpdate,
  _class_static_private_field_spec_get: privates.staticGet,
  _class_static_private_field_spec_set: privates.staticSet,
  _class_static_private_field_update: privates.staticUpdate,
  _class_static_private_method_get: privates.staticMethod,
  _ts_add_disposable_resource: disposal.addResource,
  _ts_dispose_resources: disposal.disposeScope,
  _interop_require_wildcard: wildcard,
  _interop_require_default: onlyDefault,
};

const babelAlone: Record<string, unknown> = {
  _objectSpread2: objects.spread,
  _classPrivateFieldInitSpec: privates.privateAdd,
  _classPrivateMethodInitSpec: privates.privateAdd,
  _classPrivateFieldGet2: privates.brandGet,
  _classPrivateFieldSet2: privates.brandSet,
  _assertClassBrand: privates.assertBrand,
};

let all: Readonly<Record<string, unknown>> | undefined;

/**
 * What compilers call in the place of syntax that their target has not, by the names that stand in the text. Made when
 * it is first asked for: most children never do.
 */
export function lowering(): Readonly<Record<string, unknown>> {
  return (all ??= {
    ...tslib,
    ...esbuild,
    ...swc,
    ...camelCased(swc),
    ...babelAlone,
    tslib_1: tslib,
    tslib,
  });
}

function camelCased(helpers: typeof swc): typeof swc {
  const entries = Object.entries(helpers);
  return Object.fromEntries(entries.map(([key, value]) => [camel(key), value]));
}

function camel(key: string): string {
  return key.replace(/(?<=.)_(\w)/g, (_all, letter: string) =>
    letter.toUpperCase(),
  );
}
