import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";

export function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(at * (sorted.length - 1))] ?? NaN;
}

export const median = (values: readonly number[]): number =>
  quantile(values, 0.5);

/** As many digits as tell something. */
export function figure(value: number): number {
  if (!Number.isFinite(value)) return value;
  if (Math.abs(value) >= 100) return Math.round(value);
  return Number(value.toPrecision(value < 1 ? 2 : 3));
}

/** Milliseconds. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await run();
  return performance.now() - begun;
}

export const sleep = (time: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, time));

/** Resident memory of a process in MiB. */
export function memory(pid: number): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1024;
}

/** Each row's values under the columns' names, as Markdown and readable as it is. */
export function print(title: string, rows: readonly Row[]): void {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = rows.map((row) =>
    names.map((name) => {
      const value = row[name] ?? "";
      return typeof value === "number" ? format(value) : value;
    }),
  );
  const widths = names.map((name, column) =>
    Math.max(name.length, ...cells.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(" | ")} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  console.log(`\n${title}\n`);
  console.log([line(names), line(rule), ...cells.map(line)].join("\n"));
}

export type Row = Record<string, string | number>;

function format(value: number): string {
  if (Number.isNaN(value)) return "-";
  return figure(value).toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/** What the figures were measured on; the load average tells how idle it was. */
export function machine(): string {
  const [load = 0] = loadavg();
  return `load average ${load.toFixed(1)}, ${new Date().toISOString().slice(0, 10)}, ${String(availableParallelism())} cores, Node ${process.version}`;
}
