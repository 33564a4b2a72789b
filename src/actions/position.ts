import { type Debugger, Session } from "node:inspector";

import { soon } from "../clock.js";
import { toPath } from "./caller.js";
import { type Place, type Segment, segmentAt } from "./mappings.js";
import { readSourceMap, type SourceMapFile } from "./sourcemap.js";

/** Where a function stands: in the script that V8 compiled, and in the file that the user wrote. */
export class Position {
  constructor(
    readonly script: Script,
    /** Where the function's text begins in the script's. */
    readonly offset: number,
    readonly length: number,
    /** Where the function's text begins; as errors of the script would say it. */
    readonly start: Place,
  ) {}

  /** The user's file, and the place in it, of what is so far into the function's text. */
  original(within: number): Place & { file: string | undefined } {
    const place = placeAt(this.script, this.offset + within);
    const segment =
      this.script.map && segmentAt(this.script.map.segments, place);
    const file = segment && this.script.map?.files[segment.source];
    if (!segment || file === undefined)
      return { ...place, file: this.script.file };
    return { file, line: segment.originalLine, column: segment.originalColumn };
  }

  /** The pieces of the source map that cover the function's text. */
  segments(): Segment[] {
    const { map } = this.script;
    if (!map) return [];
    const end = placeAt(this.script, this.offset + this.length);
    const within = map.segments.filter(
      (one) => !isBefore(one, this.start) && isBefore(one, end),
    );
    const source = within[0]?.source;
    return within.filter((one) => one.source === source);
  }
}

/** A script as V8 holds it. */
export interface Script {
  id: string;
  /** An absolute path; undefined if it is of no file. */
  file: string | undefined;
  text: string;
  /** Where its text begins in its file. */
  startLine: number;
  startColumn: number;
  map: SourceMapFile | undefined;
}

/**
 * Asks the inspector where functions are: call sites and stacks tell it only of functions that ran. A
 * session of its own for the rest of the turn: it pauses nothing, and a debugger does not notice.
 */
export class Locator {
  /** Functions that are scheduled together mostly stand together. */
  #last: Script | undefined;
  #inspector: Inspector | undefined;

  locate(fn: object, text: string): Position | undefined {
    try {
      this.#inspector ??= this.#connect();
      return this.#locate(this.#inspector, fn, text);
    } catch {
      // No inspector in this process: positions are a comfort, and the function runs without.
      return undefined;
    }
  }

  #connect(): Inspector {
    const session = new Session();
    session.connect();
    soon(() => {
      this.#inspector = undefined;
      session.disconnect();
    });
    return new Inspector(session);
  }

  #locate(
    inspector: Inspector,
    fn: object,
    text: string,
  ): Position | undefined {
    const found = inspector.functionLocation(fn);
    if (found === undefined) return undefined;
    const { scriptId, lineNumber, columnNumber = 0 } = found;
    if (this.#last?.id !== scriptId) this.#last = inspector.script(scriptId);
    const script = this.#last;
    if (script === undefined) return undefined;
    const near = offsetOf(script, { line: lineNumber, column: columnNumber });
    const offset = script.text.lastIndexOf(text, near);
    // The inspector points into the text, for a function at its parameters.
    if (offset === -1 || offset + text.length < near) return undefined;
    return new Position(script, offset, text.length, placeAt(script, offset));
  }
}

interface Location {
  scriptId: string;
  lineNumber: number;
  columnNumber?: number;
}

class Inspector {
  readonly #session: Session;
  /** By id; the inspector tells all of the process at once, and then each that is new. */
  #scripts: Map<string, Debugger.ScriptParsedEventDataType> | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  functionLocation(fn: object): Location | undefined {
    const { result } = this.#pass(fn);
    const { internalProperties } = this.#post<{
      internalProperties?: { name: string; value?: { value: Location } }[];
    }>("Runtime.getProperties", {
      objectId: result.objectId,
      ownProperties: true,
    });
    return internalProperties?.find(
      ({ name }) => name === "[[FunctionLocation]]",
    )?.value?.value;
  }

  script(id: string): Script | undefined {
    const told = (this.#scripts ??= this.#listen()).get(id);
    if (told === undefined) return undefined;
    const { url, startLine, startColumn, sourceMapURL } = told;
    const { scriptSource: text } = this.#post<{ scriptSource: string }>(
      "Debugger.getScriptSource",
      { scriptId: id },
    );
    const map = readSourceMap(url, sourceMapURL ?? "");
    return { id, file: toPath(url), text, startLine, startColumn, map };
  }

  #listen(): Map<string, Debugger.ScriptParsedEventDataType> {
    const scripts = new Map<string, Debugger.ScriptParsedEventDataType>();
    this.#session.on("Debugger.scriptParsed", ({ params }) => {
      scripts.set(params.scriptId, params);
    });
    this.#post("Debugger.enable", {});
    // Until the end of the turn the user's code may come to a `debugger` statement.
    this.#post("Debugger.setSkipAllPauses", { skip: true });
    return scripts;
  }

  /** An expression can only name what it reaches: for a moment, the function hangs on a module that all realms share. */
  #pass(fn: object): { result: { objectId: string } } {
    const carrier: { myjobsFunction?: object } = Session as object;
    carrier.myjobsFunction = fn;
    try {
      const expression = 'require("node:inspector").Session.myjobsFunction';
      return this.#post("Runtime.evaluate", {
        expression,
        includeCommandLineAPI: true,
      });
    } finally {
      delete carrier.myjobsFunction;
    }
  }

  /** In the process's own inspector the answer is there when `post` returns. */
  #post<T>(method: string, params: object): T {
    let answer: unknown;
    this.#session.post(method, params, (error, result) => {
      if (error) throw error;
      answer = result;
    });
    return answer as T;
  }
}

function offsetOf(
  { text, startLine, startColumn }: Script,
  { line, column }: Place,
): number {
  let offset = 0;
  for (let l = startLine; l < line; l++)
    offset = text.indexOf("\n", offset) + 1;
  return offset + column - (line === startLine ? startColumn : 0);
}

function placeAt(
  { text, startLine, startColumn }: Script,
  offset: number,
): Place {
  let line = startLine;
  let begin = 0;
  for (
    let end = text.indexOf("\n");
    end !== -1 && end < offset;
    end = text.indexOf("\n", begin)
  ) {
    line++;
    begin = end + 1;
  }
  return {
    line,
    column: offset - begin + (line === startLine ? startColumn : 0),
  };
}

function isBefore(a: Place, b: Place): boolean {
  return a.line < b.line || (a.line === b.line && a.column < b.column);
}
