import { nameOf } from "./models/job.js";

/** Longer ones are cut. */
const longest = 2_000;
/** By which a text could command the terminal. */
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** A line on the console about a job, for a person who watches its worker: the only output of this package, and asked for. */
export function printLine(
  worker: string,
  { id, name }: { id: number; name: string },
  what: string,
): void {
  const shown = name === nameOf(id) ? "" : ` (${name})`;
  const oneLine = shown.replace(/[\n\t]/g, " ");
  const line = harmless(`${worker} job ${String(id)}${oneLine} ${what}`);
  console.log(line.length > longest ? `${line.slice(0, longest)}...` : line);
}

function harmless(text: string): string {
  return text.replace(
    controls,
    (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
