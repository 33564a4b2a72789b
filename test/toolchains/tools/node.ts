import {
  common,
  commonEntry,
  entry,
  type Family,
  type Sample,
  type Samples,
} from "../tool.js";

/** Node itself, with what its users write by hand. */
export function node({ plain }: Samples): Family {
  return {
    name: "Node itself",
    tools: [
      {
        name: "ES module",
        files: {
          ...each((name) => plain(name), ".mjs", withMeta),
          "main.mjs": entry(".mjs"),
        },
        runs: [["main.mjs"]],
      },
      {
        name: "CommonJS",
        files: {
          ...each((name) => common(plain(name)), ".cjs", withoutMeta),
          "main.cjs": commonEntry(".cjs"),
        },
        runs: [["main.cjs"]],
      },
    ],
  };
}

/** Where this Node has it: its own stripping of types. */
export function stripping({ typed }: Samples): Family {
  const files = {
    ...each((name) => typed(name), ".mts", withMeta),
    "main.mts": entry(".mts"),
  };
  const [major = ""] = process.versions.node.split(".");
  const hasIt = Boolean(
    (process.features as { typescript?: unknown }).typescript,
  );
  return {
    name: "Node's own type stripping",
    tools: hasIt
      ? [
          {
            name: `Node ${major}`,
            files,
            runs: [["--no-warnings", "main.mts"]],
          },
        ]
      : [],
  };
}

const withoutMeta = ["functions", "relative", "trip"] as const;
const withMeta = [...withoutMeta, "meta"] as const;

/** The samples as files with this ending, each importing the others by it. */
function each(
  text: (name: Sample) => string,
  extension: string,
  names: readonly Sample[],
): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [
      name + extension,
      text(name).replaceAll("./relative.js", `./relative${extension}`),
    ]),
  );
}
