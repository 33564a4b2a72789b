import type { Job } from "../index.js";
import { number } from "./format.js";
import type { Results } from "./results.js";

interface Sum {
  count: number;
  total: number;
  min: number;
  max: number;
}

/** More fields than anybody reads are left out. */
const mostFields = 40;
const heads = ["field", "count", "total", "min", "max", "mean"];

/** Sums the numbers in the results, field by field, and holds nothing but the sums. */
export class Report implements Results {
  readonly #sums = new Map<string, Sum>();

  add({ result }: Pick<Job, "result">): void {
    if (typeof result === "number") this.#count("(result)", result);
    if (typeof result !== "object" || result === null) return;
    for (const [field, value] of Object.entries(result))
      if (typeof value === "number") this.#count(field, value);
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  /** The table, a line for each field. */
  table(): string[] {
    if (this.#sums.size === 0) return ["no numbers in the results"];
    const rows = [...this.#sums].map(([field, { count, total, min, max }]) => [
      field,
      number(count),
      number(total, 2),
      number(min, 2),
      number(max, 2),
      number(total / count, 2),
    ]);
    const table = [heads, ...rows];
    const widths = heads.map((_, column) =>
      Math.max(...table.map((row) => row[column]?.length ?? 0)),
    );
    return table.map((row) =>
      row.map((cell, i) => pad(cell, widths, i)).join("  "),
    );
  }

  #count(field: string, value: number): void {
    const sum = this.#sums.get(field);
    if (sum !== undefined) {
      sum.count += 1;
      sum.total += value;
      sum.min = Math.min(sum.min, value);
      sum.max = Math.max(sum.max, value);
    } else if (this.#sums.size < mostFields)
      this.#sums.set(field, { count: 1, total: value, min: value, max: value });
  }
}

/** Names to the left, numbers to the right. */
function pad(cell: string, widths: readonly number[], column: number): string {
  const width = widths[column] ?? 0;
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}
