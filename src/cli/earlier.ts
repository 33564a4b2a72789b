import { digestOf } from "./identity.js";

/** What is looked at of a job. */
export interface Recorded {
  id: number;
  kwargs: unknown;
}

export interface EarlierPort<J extends Recorded> {
  find(filter: {
    category: string;
    after: number;
    limit: number;
  }): Promise<J[]>;
  get(id: number): Promise<J>;
}

/** Jobs read at once. */
const pageSize = 500;

/**
 * The jobs that earlier runs have made of the inputs. They lie in the store in the order of the inputs
 * then, so as long as the inputs come in that order again, one page of them is all that is held. At
 * the first that differs (files have come or gone) the rest is indexed: a few dozen bytes for each.
 */
export class Earlier<J extends Recorded> {
  readonly #port: EarlierPort<J>;
  readonly #category: string;
  #page: J[] = [];
  #at = 0;
  #after = 0;
  #exhausted = false;
  /** Ids by the inputs' digests. */
  #index: Map<string, number[]> | undefined;

  constructor(port: EarlierPort<J>, category: string) {
    this.#port = port;
    this.#category = category;
  }

  /** The job of this input, if there is one; each is given once. */
  async take(input: string): Promise<J | undefined> {
    if (this.#index === undefined) {
      const job = await this.#peek();
      if (job === undefined) return undefined;
      if (inputOf(job) === input) {
        this.#at += 1;
        return job;
      }
      this.#index = await this.#indexRest();
    }
    const id = this.#index.get(digestOf(input))?.shift();
    return id === undefined ? undefined : this.#port.get(id);
  }

  async #peek(): Promise<J | undefined> {
    if (this.#at === this.#page.length && !this.#exhausted) {
      const category = this.#category;
      const after = this.#after;
      this.#page = await this.#port.find({ category, after, limit: pageSize });
      this.#at = 0;
      this.#after = this.#page.at(-1)?.id ?? after;
      // What is scheduled from now on is not of an earlier run.
      this.#exhausted = this.#page.length < pageSize;
    }
    return this.#page[this.#at];
  }

  async #indexRest(): Promise<Map<string, number[]>> {
    const index = new Map<string, number[]>();
    let job = await this.#peek();
    for (; job !== undefined; job = await this.#peek()) {
      const digest = digestOf(inputOf(job));
      const ids = index.get(digest);
      if (ids === undefined) index.set(digest, [job.id]);
      else ids.push(job.id);
      this.#at += 1;
    }
    this.#page = [];
    this.#at = 0;
    return index;
  }
}

export function inputOf({ kwargs }: { kwargs: unknown }): string {
  return String((kwargs as { input: unknown }).input);
}
