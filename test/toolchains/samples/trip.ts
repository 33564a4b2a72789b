/** What each function is called with, and what it must give; undefined where that is different in each tool. */
const calls: Record<string, [kwargs: object, result: unknown]> = {
  plain: [{ a: 1, b: 2 }, 3],
  asyncArrow: [{ a: 2 }, 4],
  defaultParameters: [{}, [1, 2, 4]],
  destructuring: [
    { list: [1, 2, 3, 4], object: { x: 5, y: 6 } },
    [1, [3, 4], 5, { y: 6 }],
  ],
  nestedNamed: [{ n: 2 }, [4, 6, "string", "string"]],
  classInside: [{ n: 1 }, [1008, "counter", 10, 1, true, false]],
  methodShorthand: [{ a: 1 }, 2],
  asyncMethod: [{ a: 1 }, 3],
  optionalChaining: [{ user: {} }, [null, "nobody", 0]],
  taggedTemplate: [
    { a: 1 },
    [["one\\n|two|", 1, 2], ["one\\n|two|", 1, 2], true],
  ],
  regularExpression: [{ text: "ab/cd" }, ["ab", "cd"]],
  importNode: [{}, "a/b"],
  importPackage: [{}, "function"],
  importRelative: [{}, 42],
  requireNode: [{}, "a/b"],
  importMeta: [{}, undefined],
  typeofMaybe: [{}, "absent"],
  labelledLoops: [{ n: 5 }, 3],
  ownArguments: [{}, 2],
  recursion: [{ n: 5 }, 120],
  arrowRecursion: [{ n: 5 }, 120],
  exportedRecursion: [{ n: 5 }, 120],
  throwing: [{}, undefined],
};

type Callable = (kwargs: object, context: object) => unknown;

interface Job {
  state: string;
  result: unknown;
  error: { stack?: string; message: string } | null;
  wait(options: object): Promise<unknown>;
}

interface Jobs {
  schedule(action: Callable, kwargs: object): Promise<Job>;
  workersSubprocessStart(options: object): Promise<unknown>;
  workerStart(): Promise<unknown>;
  stop(): Promise<void>;
}

interface Library {
  MyJobs: { open(options: object): Promise<Jobs> };
}

/** How a function fared. */
interface Fate {
  /** What it gave when it was called, as JSON, or what was thrown. */
  direct: Outcome;
  /** The names for which it was refused, with the reasons and cures. */
  refused?: { name: string; reason: string; cure: string }[];
  /** The same of the jobs, by the kind of worker. */
  subprocess?: Outcome;
  inprocess?: Outcome;
  expected?: string;
}

interface Outcome {
  result?: string;
  error?: string;
}

/** Calls each function, then runs it as a job in each kind of worker, in the tool's own output. */
async function trip(
  { MyJobs }: Library,
  modules: object[],
): Promise<Record<string, Fate>> {
  const all: Record<string, unknown> = Object.assign({}, ...modules);
  const functions = Object.assign(all, all["holder"]) as Record<
    string,
    Callable
  >;
  const fates: Record<string, Fate> = {};
  for (const [name, [kwargs, result]] of Object.entries(calls)) {
    const fn = functions[name];
    if (fn === undefined) continue;
    fates[name] = { direct: await outcome(() => fn({ ...kwargs }, {})) };
    if (result !== undefined) fates[name].expected = JSON.stringify(result);
  }
  for (const kind of ["subprocess", "inprocess"] as const) {
    const jobs = await MyJobs.open({ store: ":memory:" });
    if (kind === "inprocess") await jobs.workerStart();
    else await jobs.workersSubprocessStart({ nrFixed: 1 });
    for (const [name, fate] of Object.entries(fates)) {
      const kwargs = calls[name]?.[0] ?? {};
      let job;
      try {
        job = await jobs.schedule(functions[name] as Callable, kwargs);
      } catch (error) {
        const { problems } = error as { problems?: Fate["refused"] };
        if (problems?.length) fate.refused = problems;
        else fate[kind] = { error: String(error) };
        continue;
      }
      await job.wait({ die: false, timeout: 20_000 });
      const place = /functions\.\w+:\d+:\d+/.exec(job.error?.stack ?? "")?.[0];
      if (job.state === "OK")
        fate[kind] = { result: JSON.stringify(job.result) };
      else if (name === "throwing" && place) fate[kind] = { result: place };
      else fate[kind] = { error: JSON.stringify(job.error) };
    }
    await jobs.stop();
  }
  return fates;
}

async function outcome(call: () => unknown): Promise<Outcome> {
  try {
    return { result: JSON.stringify((await call()) ?? null) };
  } catch (error) {
    return { error: String(error) };
  }
}

export { trip };
