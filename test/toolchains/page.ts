import { type Fate, judge, noSuchWord, type Verdict } from "./fate.js";

/** How the samples fared with the tools of one family. */
export interface Chapter {
  name: string;
  tools: Column[];
}

export interface Column {
  name: string;
  /** What stands in its rows. */
  verdicts: Record<string, Verdict>;
  /** What the refusals say, as lines. */
  reasons: string[];
}

/** What is told of the functions that a tool compiled. */
export function ofFates(name: string, fates: Record<string, Fate>): Column {
  const entries = Object.entries(fates);
  return {
    name,
    verdicts: Object.fromEntries(
      entries.map(([fn, fate]) => [`\`${fn}\``, judge(fate)]),
    ),
    reasons: entries.flatMap(([fn, { refused = [] }]) =>
      refused.map(
        ({ name, reason, cure }) =>
          `- \`${fn}\`: \`${name}\` ${reason}: ${cure}`,
      ),
    ),
  };
}

/** What is told of the tests that a runner ran, by the report that it wrote. */
export function ofReport(name: string, report: Report): Column {
  const verdicts: Record<string, Verdict> = {};
  for (const { assertionResults } of report.testResults) {
    for (const { title, status, failureMessages } of assertionResults) {
      const text = status === "passed" ? "works" : failureMessages.join("\n");
      const good = status === "passed" && verdicts[title]?.good !== false;
      if (good || status !== "passed") verdicts[title] = { text, good };
    }
  }
  return { name, verdicts, reasons: [] };
}

/** As Jest writes it with --json, and vitest after it. */
export interface Report {
  testResults: {
    assertionResults: {
      title: string;
      status: string;
      failureMessages: string[];
    }[];
  }[];
}

/** The page of the docs, as Markdown. What is `kept` is the chapter of an earlier run that this one could not make. */
export function page(
  chapters: readonly Chapter[],
  versions: Record<string, string>,
  kept: string | undefined,
): string {
  const tools = Object.entries(versions).map(
    ([name, version]) => `${name} ${version}`,
  );
  return [
    "# Which functions can be jobs, by the tool that compiles them",
    introduction,
    `Tried with ${tools.join(", ")}.`,
    ...chapters.map(chapter),
    ...(kept === undefined ? [] : [kept]),
  ].join("\n\n");
}

const introduction = `This page is written by \`npm run toolchains\`, which installs the packed package beside each tool, and there calls each
function of \`test/toolchains/samples/functions.ts\`, then runs it as a job: in a forked process, and in one that is not.

- **same**: the jobs gave what the call gave.
- **runs as a job alone**: it cannot be called there (an ES module has no \`require\`), and is given what it lacks as a job.
- **refused**: \`schedule\` threw an \`ActionError\` that says why. What a refusal says stands below its table.
- **-**: the format has no such word, or the tool writes no source map.

\`throwing\` is the same if the stack of its error, as the job keeps it, tells the line and the column in the user's file
(the line alone with webpack in development, whose source maps know no more).

Under Jest and vitest \`importRelative\` imports TypeScript, which the test runner compiles and a worker's process cannot
read: there it is read with the project's own tsx (or by Node, where that strips types), and refused without it.

Test runners stand at the end: whether both kinds of worker do their work, and keep to the limits of jobs, inside of
test files that run side by side; and whether nothing holds the runner.`;

export function heading(family: string): string {
  return `## ${family}`;
}

function chapter({ name, tools }: Chapter): string {
  const rows = [
    ...new Set(tools.flatMap(({ verdicts }) => Object.keys(verdicts))),
  ];
  const table = [
    row(["", ...tools.map((tool) => tool.name)]),
    row(["---", ...tools.map(() => "---")]),
    ...rows.map((title) =>
      row([
        title,
        ...tools.map(({ verdicts }) => (verdicts[title] ?? noSuchWord).text),
      ]),
    ),
  ].join("\n");
  const reasons = new Set(tools.flatMap((tool) => tool.reasons));
  const parts = [heading(name), table, [...reasons].sort().join("\n")];
  return parts.filter((part) => part !== "").join("\n\n");
}

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** What was wrong, for the eyes of who ran it. */
export function complaints({ name, tools }: Chapter): string[] {
  return tools.flatMap((tool) =>
    Object.entries(tool.verdicts)
      .filter(([, { good }]) => !good)
      .map(([title, { text }]) => `${name}, ${tool.name}: ${title} ${text}`),
  );
}
