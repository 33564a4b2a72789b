import { type Fate, judge } from "./fate.js";

/** How the samples fared with the tools of one family. */
export interface Chapter {
  name: string;
  tools: { name: string; fates: Record<string, Fate> }[];
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
- **-**: the format has no such word.`;

export function heading(family: string): string {
  return `## ${family}`;
}

function chapter({ name, tools }: Chapter): string {
  const functions = [
    ...new Set(tools.flatMap(({ fates }) => Object.keys(fates))),
  ];
  const rows = functions.map((fn) => {
    const cells = tools.map(({ fates }) => judge(fates[fn]).text);
    return row([`\`${fn}\``, ...cells]);
  });
  const head = row(["", ...tools.map((tool) => tool.name)]);
  const rule = row(["---", ...tools.map(() => "---")]);
  const reasons = refusals(tools);
  const table = [head, rule, ...rows].join("\n");
  return [heading(name), table, ...(reasons ? [reasons] : [])].join("\n\n");
}

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** Each refusal once, with what it says. */
function refusals(tools: Chapter["tools"]): string {
  const lines = new Set<string>();
  for (const { fates } of tools) {
    for (const [fn, { refused = [] }] of Object.entries(fates)) {
      for (const { name, reason, cure } of refused)
        lines.add(`- \`${fn}\`: \`${name}\` ${reason}: ${cure}`);
    }
  }
  return [...lines].sort().join("\n");
}

/** What was wrong, for the eyes of who ran it. */
export function complaints({ name, tools }: Chapter): string[] {
  return tools.flatMap((tool) =>
    Object.entries(tool.fates)
      .map(([fn, fate]) => ({ fn, verdict: judge(fate) }))
      .filter(({ verdict }) => !verdict.good)
      .map(({ fn, verdict }) => `${name}, ${tool.name}: ${fn} ${verdict.text}`),
  );
}
