import type BetterSqlite3 from "better-sqlite3";

import type { Finished, JobFinish } from "../store.js";
import { NotQuickly } from "./committer.js";
import type { Dependants } from "./dependants.js";

/** Ends of one statement: a statement for each would cost half as much again. */
const together = 16;

type Value = string | number;

/** The guard of decision 4: only the attempt that holds the job may end it. */
export function guard(
  id: string,
  host: string,
  worker: string,
  attempt: string,
): string {
  return `id = ${id} and state = 'RUNNING' and host = ${host} and worker = ${worker} and attempt = ${attempt}`;
}

/** The ends of jobs that went well, which are by far the most frequent. */
export class JobEnds {
  readonly #dependants: Dependants;
  readonly #one;
  readonly #many;

  constructor(db: BetterSqlite3.Database, dependants: Dependants) {
    this.#dependants = dependants;
    this.#one = db.prepare<Value[]>(
      `update myjobs_job set state = 'OK', result = ?, time_start = ?, time_stop = ?
       where ${guard("?", "?", "?", "?")}`,
    );
    const ends = Array<string>(together).fill("(?, ?, ?, ?, ?, ?)").join(", ");
    // By that index, whatever statistics the file may have: a worker holds few jobs.
    this.#many = db.prepare<Value[]>(
      `update or fail myjobs_job indexed by myjobs_job_running
       set state = 'OK', result = column1, time_start = column2, time_stop = column3 from (values ${ends})
       where ${guard("column4", "?", "column5", "column6")}`,
    );
  }

  /** Unless it runs `alone`, throws NotQuickly if one is not accepted: which one can only be told one by one. */
  finish(
    finishes: readonly JobFinish[],
    host: number,
    alone: boolean,
  ): Finished {
    // What waits for a job is released when it ends, so that each must be known there, too.
    const quickly = !alone && !this.#dependants.any;
    const rest = quickly ? finishes.length % together : finishes.length;
    const whole = finishes.length - rest;
    for (let from = 0; from < whole; from += together)
      this.#finishTogether(finishes, from, host);
    let released = false;
    const accepted = finishes.map((finish, at) => {
      if (at < whole) return true;
      if (!this.#finishOne(finish, host)) return false;
      if (!quickly && this.#dependants.release(finish.id)) released = true;
      return true;
    });
    return { accepted, released };
  }

  #finishOne(finish: JobFinish, host: number): boolean {
    const { id, worker, attempt, result, timeStart, timeStop } = finish;
    const values = [result, timeStart, timeStop, id, host, worker, attempt];
    return this.#one.run(...values).changes === 1;
  }

  #finishTogether(
    finishes: readonly JobFinish[],
    from: number,
    host: number,
  ): void {
    // Of its final size at once: growing by pushes would make three arrays more.
    const values = new Array<Value>(together * 6 + 1);
    let next = 0;
    for (let at = from; at < from + together; at += 1) {
      const finish = finishes[at]!;
      values[next++] = finish.result;
      values[next++] = finish.timeStart;
      values[next++] = finish.timeStop;
      values[next++] = finish.id;
      values[next++] = finish.worker;
      values[next++] = finish.attempt;
    }
    values[next] = host;
    if (this.#many.run(...values).changes < together) throw new NotQuickly();
  }
}
