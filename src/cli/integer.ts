import { InvalidArgumentError } from "commander";

/** A number as it is given on the command line. */
export function integer(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new InvalidArgumentError("Expected an integer from 0.");
  return Number(text);
}
