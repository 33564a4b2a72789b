import { OptionError } from "../index.js";

/** The command was called wrongly: it says so in one line, and nothing has been done. */
export class UsageError extends Error {
  static {
    this.prototype.name = "UsageError";
  }
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** An option as it is called on the command line. */
export function plain(cause: unknown): string {
  if (!(cause instanceof OptionError)) return messageOf(cause);
  const { option, value, expected } = cause;
  const shown = typeof value === "string" ? `'${value}'` : String(value);
  return `${flag(option)} is ${shown}, expected ${expectedHere[option] ?? expected}`;
}

export function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** Where a command line can give less than a call. */
const expectedHere: Record<string, string> = { store: "a file" };

const flags: Record<string, string> = {
  workerTimeout: "timeout",
  categories: "category",
};

function flag(option: string): string {
  const name = flags[option] ?? option;
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
