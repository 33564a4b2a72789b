import { createHash } from "node:crypto";

import type { Checked, NewAction } from "../models/action.js";

/** What `NewAction.origin` holds, as JSON, for a captured function. */
export interface FunctionOrigin {
  kind: "function";
  /** How its text is made into a function again: a method is no expression. */
  form: "expression" | "method";
  /** Names that the text expects around it and that we provide. */
  needs: string[];
  /** The name by which it calls itself, if only a variable around it holds that name. */
  self?: string;
  /** The script it was compiled in: an absolute path, where its imports are resolved from. */
  file: string;
  /**
   * Whether the text imports, or is given a way to: then the file is part of what it does. Otherwise equal functions
   * share one row, whichever files they stand in.
   */
  based: boolean;
  /** Where its text begins in the script, from 0. Unknown where there is no inspector. */
  line?: number;
  column?: number;
  /** If a compiler wrote the text: where its parts stand in the user's file, `actorname` (see `Slice`). */
  map?: number[];
}

/** What `NewAction.origin` holds, as JSON, for an export of a module. */
export interface ModuleOrigin {
  kind: "module";
  /** An absolute URL, or what `base` calls it. */
  module: string;
  /** The file from which a package's name is resolved. */
  base?: string;
}

export type Origin = FunctionOrigin | ModuleOrigin;

type Names = Pick<NewAction, "code" | "methodname" | "actorname">;

/** The row of an action. */
export function toAction(names: Names, origin: Origin): NewAction {
  return {
    key: keyOf(names, origin),
    ...names,
    origin: JSON.stringify(origin),
  };
}

/**
 * A SHA-256 over what determines what a run does. Where a function stands in its file is left out, and
 * so is its name: the text holds it if it matters.
 */
export function keyOf(
  { code, methodname }: Omit<Names, "actorname">,
  origin: Origin,
): string {
  const parts =
    origin.kind === "function"
      ? [
          origin.kind,
          origin.form,
          code,
          origin.needs,
          origin.self,
          origin.based ? origin.file : null,
        ]
      : [origin.kind, origin.module, methodname, origin.base];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** By the host: what makes digests takes a child as long to load as all the rest. */
export function checked<Action extends NewAction>(
  action: Action,
): Checked<Action> {
  return { ...action, intact: isIntact(action) };
}

function isIntact(action: NewAction): boolean {
  try {
    return keyOf(action, JSON.parse(action.origin) as Origin) === action.key;
  } catch {
    return false; // its origin is no JSON, or no origin
  }
}
