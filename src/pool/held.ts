import { monotonic } from "../clock.js";
import type { Assignment } from "./assignment.js";

/** What a worker holds, by the ids of its jobs, and in the order in which it was given. */
export class Held implements Iterable<Assignment> {
  readonly #byId = new Map<number, Assignment>();
  /** Characters of what all of them are given. */
  bulk = 0;
  /** When it was last given something as it had nothing. */
  since = 0;
  /** May still be one before it that was removed. Not the Map's: that steps over each slot that was emptied. */
  #first: Assignment | undefined;
  #last: Assignment | undefined;

  get size(): number {
    return this.#byId.size;
  }

  get first(): Assignment | undefined {
    while (this.#first?.removed === true) this.#first = this.#first.next;
    return this.#first;
  }

  /** The one behind the first. */
  get second(): Assignment | undefined {
    let second = this.first?.next;
    while (second?.removed === true) second = second.next;
    return second;
  }

  get(id: number): Assignment | undefined {
    return this.#byId.get(id);
  }

  add(assignment: Assignment): void {
    if (this.size === 0) this.since = monotonic();
    this.#byId.set(assignment.job.id, assignment);
    this.bulk += assignment.size;
    if (this.#last !== undefined) this.#last.next = assignment;
    this.#last = assignment;
    this.#first ??= assignment;
  }

  remove(assignment: Assignment): void {
    if (!this.#byId.delete(assignment.job.id)) return;
    this.bulk -= assignment.size;
    assignment.removed = true;
  }

  [Symbol.iterator](): Iterator<Assignment> {
    return this.#byId.values();
  }
}
