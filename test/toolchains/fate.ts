import type { Tool } from "./tool.js";

/** How a function fared with a tool, as the samples' `trip` tells it. */
export interface Fate {
  direct: Outcome;
  expected?: string;
  refused?: Refusal[];
  subprocess?: Outcome;
  inprocess?: Outcome;
}

export interface Refusal {
  name: string;
  reason: string;
  cure: string;
}

interface Outcome {
  result?: string;
  error?: string;
}

export interface Verdict {
  /** What stands in the table. */
  text: string;
  /** Whether it is what a user may rely on: the same result, or a refusal that says why. */
  good: boolean;
}

/** Where the format has no such word: there is no function to try. */
export const noSuchWord: Verdict = { text: "-", good: true };

/** Has the sample that throws judged by the place in its file, of which its stack is to tell. */
export function expectPlace(
  fates: Record<string, Fate>,
  { files, places }: Pick<Tool, "files" | "places">,
): void {
  if (places === "none") delete fates.throwing;
  const fate = fates.throwing;
  const [name, text] =
    Object.entries(files).find(([file]) => file.startsWith("functions.")) ?? [];
  if (fate === undefined || name === undefined || text === undefined) return;
  const before = text
    .slice(0, text.indexOf('new Error("thrown in'))
    .split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  const tell = (place: string): string =>
    places === "lines" ? place.replace(/:\d+$/, "") : place;
  const place = tell(`${name}:${String(before.length)}:${String(column)}`);
  fate.direct = { result: place };
  fate.expected = place;
  for (const outcome of [fate.subprocess, fate.inprocess])
    if (outcome?.result !== undefined) outcome.result = tell(outcome.result);
}

export function judge(fate: Fate | undefined): Verdict {
  if (fate === undefined) return noSuchWord;
  const { direct, expected, refused, subprocess, inprocess } = fate;
  const bad = (text: string): Verdict => ({ text, good: false });
  if (refused) {
    const isTold = refused.every(({ reason, cure }) => reason && cure);
    const names = refused.map(({ name }) => `\`${name}\``).join(", ");
    if (subprocess ?? inprocess) return bad(`refused once: ${names}`);
    return { text: `refused: ${names}`, good: isTold };
  }
  // What cannot be called there, such as `require` in an ES module, may still be a job.
  const wanted = direct.result ?? expected;
  if (expected !== undefined && wanted !== expected)
    return bad(`gives ${String(wanted)} when called directly`);
  for (const outcome of [subprocess, inprocess]) {
    if (outcome?.error !== undefined) return bad(`fails: ${outcome.error}`);
    if (outcome?.result !== wanted)
      return bad(`gives ${String(outcome?.result)}, not ${String(wanted)}`);
  }
  if (direct.result !== undefined) return { text: "same", good: true };
  return { text: "runs as a job alone", good: true };
}
