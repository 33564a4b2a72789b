import type { Run } from "./run.js";

/** What an action's second argument needs from the action: imports as seen from the user's file. */
export interface Imports {
  import(specifier: string): Promise<unknown>;
  require(specifier: string): unknown;
}

/** The context that an action is given. Its parts are made when they are asked for: most jobs never do. */
export class JobContext {
  readonly #run: Run;
  readonly #imports: Imports;
  #dependencies: unknown[] | undefined;

  constructor(run: Run, imports: Imports) {
    this.#run = run;
    this.#imports = imports;
  }

  get job(): {
    id: number;
    name: string;
    category: string;
    attempt: number;
    dependencies: number[];
  } {
    const { id, name, category, attempt, dependencies } = this.#run.job;
    return { id, name, category, attempt, dependencies: [...dependencies] };
  }

  get signal(): AbortSignal {
    return this.#run.signal;
  }

  get dependencies(): unknown[] {
    this.#dependencies ??= this.#run.job.results.map(
      (result) => JSON.parse(result) as unknown,
    );
    return this.#dependencies;
  }

  // Bound, since actions take them apart: ({ a }, { import: load }) => ...
  readonly import = (specifier: string): Promise<unknown> =>
    this.#imports.import(specifier);

  readonly require = (specifier: string): unknown =>
    this.#imports.require(specifier);
}
