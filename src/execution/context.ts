import type { JobMessage } from "../transport/messages.js";

/** What an action's second argument needs from the action: imports as seen from the user's file. */
export interface Imports {
  import(specifier: string): Promise<unknown>;
  require(specifier: string): unknown;
}

/** The context that an action is given. Its parts are made when they are asked for: most jobs never do. */
export class JobContext {
  readonly #message: JobMessage;
  readonly #imports: Imports;
  #controller: AbortController | undefined;
  #dependencies: unknown[] | undefined;

  constructor(message: JobMessage, imports: Imports) {
    this.#message = message;
    this.#imports = imports;
  }

  isOf({ id, attempt }: { id: number; attempt: number }): boolean {
    return this.#message.id === id && this.#message.attempt === attempt;
  }

  get job(): {
    id: number;
    name: string;
    category: string;
    attempt: number;
    dependencies: number[];
  } {
    const { id, name, category, attempt, dependencies } = this.#message;
    return { id, name, category, attempt, dependencies: [...dependencies] };
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  get aborted(): boolean {
    return this.#controller?.signal.aborted === true;
  }

  get dependencies(): unknown[] {
    this.#dependencies ??= this.#message.results.map(
      (result) => JSON.parse(result) as unknown,
    );
    return this.#dependencies;
  }

  // Bound, since actions take them apart: ({ a }, { import: load }) => ...
  readonly import = (specifier: string): Promise<unknown> =>
    this.#imports.import(specifier);

  readonly require = (specifier: string): unknown =>
    this.#imports.require(specifier);

  abort(reason: string): void {
    this.#controller ??= new AbortController();
    const error = new Error(reason);
    error.name = "AbortError";
    this.#controller.abort(error);
  }
}
