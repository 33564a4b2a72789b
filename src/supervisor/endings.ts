import type { Ending } from "./ending.js";

/** Ids of one page. */
const size = 64;

interface Page {
  readonly endings: (Ending | undefined)[];
  /** How many are there. */
  left: number;
}

/**
 * Ends by the ids of their jobs, which follow one another where jobs are scheduled together: in pages of
 * neighbours, since in a Map of very many each takes several times as long to be put in, found and removed.
 */
export class Endings implements Iterable<Ending> {
  readonly #pages = new Map<number, Page>();
  /** The number of the last page that was made, which stays while it is empty: a page for each job alone would cost most. */
  #last = -1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Ending | undefined {
    return this.#pages.get(pageOf(id))?.endings[id % size];
  }

  /** One that is not there yet. */
  add(ending: Ending): void {
    const { id } = ending;
    const page = this.#pages.get(pageOf(id)) ?? this.#make(pageOf(id));
    page.endings[id % size] = ending;
    page.left += 1;
    this.#size += 1;
  }

  /** One that is there. */
  remove({ id }: Ending): void {
    const page = this.#pages.get(pageOf(id))!;
    page.endings[id % size] = undefined;
    page.left -= 1;
    this.#size -= 1;
    if (page.left === 0 && pageOf(id) !== this.#last)
      this.#pages.delete(pageOf(id));
  }

  /** Mostly in the order in which they were added. */
  *[Symbol.iterator](): Generator<Ending> {
    for (const { endings } of this.#pages.values())
      for (const ending of endings) if (ending !== undefined) yield ending;
  }

  /** Those which are asked for, of those that are there now and still are when it comes to them; about so many at a time. */
  *inParts(
    most: number,
    isAsked: (ending: Ending) => boolean,
  ): Generator<Ending[]> {
    let part: Ending[] = [];
    for (const number of [...this.#pages.keys()]) {
      for (const ending of this.#pages.get(number)?.endings ?? [])
        if (ending !== undefined && isAsked(ending)) part.push(ending);
      if (part.length < most) continue;
      yield part;
      part = [];
    }
    yield part;
  }

  #make(number: number): Page {
    if (this.#pages.get(this.#last)?.left === 0) this.#pages.delete(this.#last);
    const endings = new Array<undefined>(size).fill(undefined);
    const page = { endings, left: 0 };
    this.#pages.set(number, page);
    this.#last = number;
    return page;
  }
}

function pageOf(id: number): number {
  return Math.floor(id / size);
}
