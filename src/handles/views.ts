import { JobNotFoundError, OptionError } from "../errors.js";
import type { ActionRecord } from "../models/action.js";
import { errorCats, jobStates } from "../models/job.js";
import { workerStates, workerTypes } from "../models/worker.js";
import {
  integer,
  isId,
  isText,
  readOptions,
  readValue,
  type Rule,
  text,
} from "../options.js";
import type {
  ActionFilter,
  JobFilter,
  JobMatch,
  WorkerFilter,
} from "../store/store.js";
import type { Desk } from "./desk.js";
import type { Job } from "./job.js";
import type { Running } from "./running.js";

const ids = many(isId, "an id, or an array of ids");
const texts = many(isText, "a string, or an array of strings");
const known = (list: readonly string[]): Rule<never> =>
  many(
    (value) => list.includes(value as string),
    `one of ${list.join(", ")}, or an array of them`,
  ) as Rule<never>;

const countRules = {
  id: ids,
  state: known(jobStates),
  errorCat: known(errorCats),
  category: texts,
  name: texts,
  actionId: ids,
};
const findRules = {
  ...countRules,
  after: integer(0, undefined),
  limit: integer(1, undefined),
};
const actionRules = { key: text(undefined), methodname: text(undefined) };
const workerFilterRules = {
  nr: many(isId, "a worker's number, or an array of them"),
  pid: many(
    (value) => Number.isSafeInteger(value),
    "a pid, or an array of pids",
  ),
  type: known(workerTypes),
  state: known(workerStates),
  name: texts,
};

export interface ViewPort extends Running {
  desk: Desk;
}

/** The jobs of the store. */
export class Jobs {
  readonly #port: ViewPort;

  /** @internal */
  constructor(port: ViewPort) {
    this.#port = port;
  }

  /** Throws `JobNotFoundError` for an id that no job has. */
  async get(id: number): Promise<Job> {
    readValue("jobs.get", "id", integer(1, undefined), id);
    const [record] = await this.#port.running("jobs.get").getJobs([id]);
    if (record === undefined) throw new JobNotFoundError(id);
    return this.#port.desk.handle(record);
  }

  /** Ordered by id; at most `limit` (1,000 unless given), beginning behind the id `after`. */
  async find(filter?: JobFilter): Promise<Job[]> {
    const records = await this.#port
      .running("jobs.find")
      .findJobs(given(readOptions("jobs.find", findRules, filter)));
    return records.map((record) => this.#port.desk.handle(record));
  }

  /** How many there are. */
  async count(filter?: JobMatch): Promise<number> {
    return this.#port
      .running("jobs.count")
      .countJobs(given(readOptions("jobs.count", countRules, filter)));
  }

  /** Leaves RUNNING jobs; what depends on a deleted job fails. Resolves to the number deleted. */
  async delete(filter?: JobMatch): Promise<number> {
    const { deleted, failed } = await this.#port
      .running("jobs.delete")
      .deleteJobs(given(readOptions("jobs.delete", countRules, filter)));
    this.#port.desk.deleted(deleted);
    for (const id of failed) this.#port.desk.ended(id);
    return deleted.length;
  }
}

/** The actions of the store. */
export class Actions {
  readonly #port: ViewPort;

  /** @internal */
  constructor(port: ViewPort) {
    this.#port = port;
  }

  /** Throws `OptionError` for an id that no action has. */
  async get(id: number): Promise<ActionRecord> {
    readValue("actions.get", "id", integer(1, undefined), id);
    const action = await this.#port.running("actions.get").getAction(id);
    if (action === undefined)
      throw new OptionError(
        "actions.get",
        "id",
        id,
        "the id of an action in the store",
      );
    return action;
  }

  /** All that match, ordered by id. */
  async find(filter?: ActionFilter): Promise<ActionRecord[]> {
    return this.#port
      .running("actions.find")
      .findActions(given(readOptions("actions.find", actionRules, filter)));
  }
}

export function workerFilter(filter: WorkerFilter | undefined): WorkerFilter {
  return given(readOptions("workersFind", workerFilterRules, filter));
}

/** Without what was not given. */
function given<Filter extends object>(values: object): Filter {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Filter;
}

function many(
  accepts: (value: unknown) => boolean,
  expected: string,
): Rule<undefined> {
  return {
    expected,
    accepts: (value) =>
      Array.isArray(value) ? value.every(accepts) : accepts(value),
    default: undefined,
  };
}
