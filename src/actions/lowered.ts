import type { AnyNode, CallExpression } from "acorn";

/**
 * The parts of a call in which a compiler only passes the surrounding `this` on, as it does for async
 * functions: `this` itself, and the generator in which it stays what it is outside.
 */
export function passingThis(call: CallExpression): readonly AnyNode[] {
  const { callee, arguments: given } = call;
  if (withThis.has(nameOf(callee)) || toGenerator.has(nameOf(callee))) {
    return given.filter(
      ({ type }, at) =>
        type === "FunctionExpression" ||
        (type === "ThisExpression" && at === 0),
    );
  }
  // _async_to_generator(function* () {}).call(this)
  if (
    callee.type !== "MemberExpression" ||
    callee.object.type !== "CallExpression"
  )
    return [];
  const [first] = given;
  const isSet =
    setting.has(nameOf(callee)) &&
    toGenerator.has(nameOf(callee.object.callee));
  return isSet && first?.type === "ThisExpression" ? [first] : [];
}

const withThis = new Set(["__awaiter", "__async", "__asyncGenerator"]);
const toGenerator = new Set([
  "_async_to_generator",
  "_asyncToGenerator",
  "_wrap_async_generator",
  "_wrapAsyncGenerator",
]);
const setting = new Set(["call", "apply"]);

/** Also of a package's helper: tslib_1.__awaiter, (0, _async_to_generator._)(...). */
function nameOf(callee: AnyNode): string {
  switch (callee.type) {
    case "Identifier":
      return callee.name.replace(/2$/, "");
    case "MemberExpression": {
      const { object, property } = callee;
      const name = property.type === "Identifier" ? property.name : "";
      return name === "_" || name === "default" ? nameOf(object) : name;
    }
    case "SequenceExpression":
      return nameOf(callee.expressions.at(-1) ?? callee);
    default:
      return "";
  }
}
