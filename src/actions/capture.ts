import { ActionError, type ActionProblem, show } from "../errors.js";
import type { NewAction } from "../models/action.js";
import { analyse } from "./analyse.js";
import { callerFile, callSites, fileless } from "./caller.js";
import { codeFrame, lineOf } from "./frame.js";
import { packSegments } from "./mappings.js";
import { captureModule, isModuleAction } from "./module.js";
import type { Obstacle } from "./obstacle.js";
import { toAction } from "./origin.js";
import { type Parsed, parseFunction } from "./parse.js";
import { Locator, type Position } from "./position.js";
import { Surroundings } from "./surroundings.js";
import { elsewhere, whyUnfit } from "./unfit.js";

type Callable = (...args: never[]) => unknown;

/** So many texts are remembered: closures made anew for each call are other functions with the same text. */
const textsKept = 1_000;

/** Makes the row of an action out of what `schedule` was given, each once. */
export class Capturer {
  readonly #functions = new WeakMap<Callable, NewAction>();
  readonly #texts = new Map<string, NewAction>();
  readonly #modules = new Map<string, NewAction>();
  readonly #locator = new Locator();
  readonly #surroundings = new Surroundings();

  /**
   * At once for a function; a module action is loaded first, to know that it is there. `where` names the
   * call in errors. Must run in the caller's own turn: relative modules are resolved from its file.
   */
  capture(action: unknown, where: string): NewAction | Promise<NewAction> {
    if (typeof action === "function") {
      const fn = action as Callable;
      return this.#functions.get(fn) ?? this.#remember(fn, where);
    }
    if (isModuleAction(action))
      return captureModule(action, where, this.#modules);
    throw new ActionError(
      `${where}: ${show(action)} is no action, expected a function or { module, method }`,
    );
  }

  #remember(fn: Callable, where: string): NewAction {
    const text = Function.prototype.toString.call(fn);
    const action = this.#texts.get(text) ?? this.#read(fn, text, where);
    this.#functions.set(fn, action);
    return action;
  }

  #read(fn: Callable, text: string, where: string): NewAction {
    // A text that takes something from around it means the same only where it came by the same way.
    const route = `${text}\n${callSites()}`;
    const known = this.#texts.get(route);
    if (known) return known;
    const unfit = whyUnfit(fn, text);
    if (unfit) throw this.#refusal(fn, where, [{ ...unfit, at: 0 }], undefined);
    const position = this.#locator.locate(fn, text);
    const parsed = this.#parse(fn, text, where, position);
    const analysis = analyse(text, parsed, position, this.#surroundings);
    if (analysis.obstacles.length > 0)
      throw this.#refusal(fn, where, analysis.obstacles, position);
    const action = toRow(fn, analysis, position);
    this.#keep(analysis.pure ? text : route, action);
    return action;
  }

  #parse(
    fn: Callable,
    text: string,
    where: string,
    position: Position | undefined,
  ): Parsed {
    let parsed: Parsed;
    try {
      parsed = parseFunction(text);
    } catch (cause) {
      // Where it says that is seen from the text of the function.
      const said = (cause as Error).message.replace(/ \(\d+:\d+\)$/, "");
      const reason = `cannot be parsed on its own (${said})`;
      const cure = "write it without that, or use a module action";
      throw this.#refusal(
        fn,
        where,
        [{ name: text.slice(0, 40), reason, cure, at: 0 }],
        position,
      );
    }
    const { kind } = parsed;
    if (kind === "function" || kind === "method") return parsed;
    const reason =
      kind === "class"
        ? "is a class, which cannot be called"
        : `is a ${kind}ter, which is no function to call`;
    throw this.#refusal(
      fn,
      where,
      [{ name: fn.name, reason, cure: elsewhere, at: 0 }],
      position,
    );
  }

  #refusal(
    fn: Callable,
    where: string,
    obstacles: readonly Obstacle[],
    position: Position | undefined,
  ): ActionError {
    const name = fn.name === "" ? "(anonymous)" : fn.name;
    const problems = uniques(
      obstacles.map((obstacle) => toProblem(obstacle, position)),
    );
    return new ActionError(
      `${where}: function ${name} cannot run in another process`,
      problems,
    );
  }

  #keep(text: string, action: NewAction): void {
    this.#texts.set(text, action);
    if (this.#texts.size <= textsKept) return;
    for (const oldest of this.#texts.keys()) {
      this.#texts.delete(oldest);
      return;
    }
  }
}

/** What a compiler made two names of may be one word of the user's. */
function uniques(problems: readonly ActionProblem[]): ActionProblem[] {
  const byText = new Map(problems.map((one) => [JSON.stringify(one), one]));
  return [...byText.values()];
}

function toRow(
  fn: Callable,
  { code, origin }: ReturnType<typeof analyse>,
  position: Position | undefined,
): NewAction {
  // Code that was made of text has no file: its imports are then those of who schedules it.
  const file = position?.script.file ?? callerFile() ?? fileless();
  const { line, column } = position?.start ?? {};
  const segments = position?.segments() ?? [];
  const names = {
    code,
    methodname: fn.name,
    actorname: position?.original(0).file ?? file,
  };
  return toAction(names, {
    kind: "function",
    ...origin,
    file,
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
    ...(segments.length > 0 &&
      position && { map: packSegments(segments, position.start) }),
  });
}

function toProblem(
  { at, ...problem }: Obstacle,
  position: Position | undefined,
): ActionProblem {
  if (!position) return problem;
  const { file, line, column } = position.original(at);
  const text = lineOf(position.script, file ?? "", line);
  const frame = text === undefined ? undefined : codeFrame(text, line, column);
  // What the user called it, where a compiler has renamed it.
  const written =
    at > 0 && position.script.map
      ? identifierAt(text ?? "", column)
      : undefined;
  const name = written ?? problem.name;
  return {
    ...problem,
    name,
    ...(file !== undefined && { file }),
    line: line + 1,
    column: column + 1,
    ...(frame !== undefined && { frame }),
  };
}

function identifierAt(text: string, column: number): string | undefined {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*/u.exec(text.slice(column))?.[0];
}
