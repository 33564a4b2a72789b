import { InvalidArgumentError } from "commander";

/** Reads a number as it is given on the command line. */
export function integer(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < least)
      throw new InvalidArgumentError(
        `Expected an integer from ${String(least)}.`,
      );
    return value;
  };
}
