/** Longer ones are cut. */
const longest = 2_000;

/** A line on the console about a job, for a person who watches its worker: the only output of this package, and asked for. */
export function printLine(
  worker: string,
  { id, name }: { id: number; name: string },
  what: string,
): void {
  const shown = name === `j${String(id)}` ? "" : ` (${name})`;
  const line = `${worker} job ${String(id)}${shown} ${what}`;
  console.log(line.length > longest ? `${line.slice(0, longest)}...` : line);
}
