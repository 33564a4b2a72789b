/** The command was called wrongly: it says so in one line, and nothing has been done. */
export class UsageError extends Error {
  static {
    this.prototype.name = "UsageError";
  }
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

export function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
