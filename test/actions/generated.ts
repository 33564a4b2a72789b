import fc from "fast-check";

type Text = fc.Arbitrary<string>;

/** Code as nobody would write it, of few names, so that they hide and meet each other. Not all of it parses. */
export function generated(...names: string[]): { aFunction: Text; file: Text } {
  const name = fc.constantFrom(...names);
  const { fn, statements } = fc.letrec<Record<Part, string>>((tie) => {
    const either = (...all: Text[]): Text =>
      fc.oneof({ maxDepth: 3, depthSize: "small" }, ...all);
    const e = tie("expression");
    const p = tie("pattern");
    const body = tie("statements");
    const params = list(p, ", ");
    return {
      expression: either(
        name,
        name,
        text("typeof ", name),
        text("this"),
        tie("fn"),
        text(name, ".", name, "?.", name, "[", e, "]"),
        text("f(", e, ", ...", e, ")"),
        text("(", p, " = ", e, ")"),
        text("({ ", p, " } = ", e, ")"),
        text(name, "++"),
        text("[", e, ", ...", e, "]"),
        text("({ ", list(tie("member"), ", "), " })"),
        text("class ", name, " extends (", e, ") { ", tie("members"), " }"),
        text("class { ", tie("members"), " }"),
        text("(", e, ", ", e, ")"),
        text(name, "`", name, "${", e, "}`"),
      ),
      pattern: either(
        name,
        name,
        text(name, " = ", e),
        text("[", p, ", , ", p, "]"),
        text("[...", p, "]"),
        text("{ ", name, ": ", p, ", [", e, "]: ", p, " }"),
        text("{ ", name, ", ...", name, " }"),
        text("{ ", name, " = ", e, " }"),
      ),
      statement: either(
        text(e, ";"),
        text(fc.constantFrom("var ", "let ", "const "), p, " = ", e, ";"),
        text("var ", name, ";"),
        text("const /* a */ ", name, " // b\n = ", e, ";"),
        text("function ", name, "(", params, ") { ", body, " }"),
        text("function *", name, "(", params, ") { ", body, " }"),
        text("class ", name, " { ", tie("members"), " }"),
        text("{ ", body, " }"),
        text("if (", e, ") { ", body, " } else ", e, ";"),
        text("for (let ", name, " = ", e, "; ", e, "; ", e, ") { ", body, " }"),
        text("for (const ", p, " of ", e, ") { ", body, " }"),
        text("for (var ", name, " in ", e, ") { ", body, " }"),
        text("for (", name, " of [", e, "]) ", e, ";"),
        text("try { ", body, " } catch (", p, ") { ", body, " }"),
        text("try { ", body, " } catch { ", body, " } finally { ", body, " }"),
        text(
          "switch (",
          e,
          ") { case ",
          e,
          ": ",
          body,
          " default: ",
          body,
          " }",
        ),
        text(name, ": for (;;) { break ", name, "; }"),
        text("return ", e, ";"),
      ),
      statements: list(tie("statement"), " "),
      member: either(
        name,
        text(name, ": ", e),
        text("[", e, "]: ", e),
        text(name, "(", params, ") { ", body, " }"),
        text("get ", name, "() { ", body, " }"),
        text("async *[", e, "](", params, ") { ", body, " }"),
        text("...", name),
      ),
      members: list(
        either(
          text(name, " = ", e, ";"),
          text("static ", name, " = ", e, ";"),
          text("[", e, "] = ", e, ";"),
          text("static { ", body, " }"),
          text(name, "(", params, ") { ", body, " }"),
          text("static [", e, "](", params, ") { ", body, " }"),
          text("set ", name, "(", p, ") { ", body, " }"),
        ),
        " ",
      ),
      fn: either(
        text("(", name, " => ", name, ")"),
        text("(async ", name, " => { ", body, " })"),
        text("((", params, ") => { ", body, " })"),
        text("((", params, ") => (", e, "))"),
        text("(function (", params, ") { ", body, " })"),
        text("(async function ", name, "(", params, ") { ", body, " })"),
      ),
    };
  });
  return { aFunction: fn.map((code) => code.slice(1, -1)), file: statements };
}

type Part =
  | "expression"
  | "pattern"
  | "statement"
  | "statements"
  | "member"
  | "members"
  | "fn";

function text(...parts: (string | Text)[]): Text {
  return fc
    .tuple(
      ...parts.map((one) => (typeof one === "string" ? fc.constant(one) : one)),
    )
    .map((all) => all.join(""));
}

function list(one: Text, separator: string): Text {
  return fc.array(one, { maxLength: 2 }).map((all) => all.join(separator));
}
