/** A module whose exports are actions. */
import { answer } from "./relative.js";

export function resize({ width }: { width: number }): {
  area: number;
  by: number;
} {
  return { area: width * width, by: answer };
}

export async function greet(
  { name }: { name?: string },
  context: { job: { id: number } },
): Promise<string> {
  return Promise.resolve(`hello ${name ?? "nobody"} ${String(context.job.id)}`);
}

export const version = "1";
