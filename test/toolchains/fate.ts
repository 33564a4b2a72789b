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
