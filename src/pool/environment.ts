/** Node's own channel, the debugger's, and what a test runner sets for its own processes. */
const notForChildren =
  /^(NODE_CHANNEL_(FD|SERIALIZATION_MODE)|NODE_UNIQUE_ID|NODE_INSPECT_RESUME_ON_START|NODE_TEST_CONTEXT|NODE_V8_COVERAGE|JEST_WORKER_ID|VITEST.*|VSCODE_INSPECTOR_OPTIONS)$/;

/** Flags for which a second process would fight with the first, or that name its own program. */
const ownFlags =
  /^(--inspect|--debug|--test|--watch|--cpu-prof|--heap-prof|--prof$|--eval|--print|--check|--interactive|-e$|-p$|-pe$|-c$|-i$|--input-type|--experimental-vm-modules)/;
/** Those of them that may stand apart from their value. */
const withValue =
  /^(--eval|--print|-e|-p|-pe|--test-\w[\w-]*|--watch-path|--cpu-prof-\w+|--heap-prof-\w+|--inspect-port|--input-type)$/;

/** The environment of a child: this process's, less what is this process's own, with the user's changes. */
export function childEnvironment(
  changes: Readonly<Record<string, string | undefined>>,
  inherited: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...inherited, ...changes })) {
    if (
      value === undefined ||
      (notForChildren.test(name) && changes[name] === undefined)
    )
      continue;
    environment[name] =
      name === "NODE_OPTIONS" ? withoutInspector(value) : value;
  }
  return environment;
}

/** Node's arguments for a child: this process's, less those that are this process's own. */
export function childExecArgv(
  inherited: readonly string[] = process.execArgv,
): string[] {
  const kept: string[] = [];
  for (let index = 0; index < inherited.length; index += 1) {
    const flag = inherited[index]!;
    if (!ownFlags.test(flag)) kept.push(flag);
    else if (withValue.test(flag) && !inherited[index + 1]?.startsWith("-"))
      index += 1;
  }
  return kept;
}

/** Node's arguments for a program of ours: a host that runs under the same loader as the program has its flags already. */
export function programFlags(
  needed: readonly string[],
  inherited: readonly string[],
): string[] {
  const loader = needed.at(-1);
  return loader === undefined || inherited.includes(loader)
    ? [...inherited]
    : [...needed, ...inherited];
}

function withoutInspector(options: string): string {
  return options
    .split(/\s+/)
    .filter(
      (option) => !/^--(inspect|debug|experimental-vm-modules)/.test(option),
    )
    .join(" ");
}
