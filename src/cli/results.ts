import { once } from "node:events";
import type { Writable } from "node:stream";

import type { Job } from "../index.js";
import { inputOf } from "./earlier.js";

/** What becomes of the ends of jobs. */
export interface Results {
  add(job: Job): void;
  /** Resolves when there is room for more. */
  ready(): Promise<void>;
}

/** `input<TAB>result` for each job that ended well. */
export function plainLine(job: Job): string {
  if (job.state === "ERROR") return "";
  return `${inputOf(job)}\t${JSON.stringify(job.result ?? null)}\n`;
}

/** `{ input, result }` or `{ input, error }`. */
export function jsonLine(job: Job): string {
  const input = inputOf(job);
  if (job.state !== "ERROR")
    return `${JSON.stringify({ input, result: job.result ?? null })}\n`;
  const { errorCat } = job;
  const { name, message, code } = job.error ?? {};
  return `${JSON.stringify({ input, error: { errorCat, name, message, code } })}\n`;
}

/** Prints each as it ends; what ends in one turn is written at once. */
export class Printer implements Results {
  readonly #stream: Writable;
  readonly #line: (job: Job) => string;
  readonly #before: () => void;
  #waiting = "";

  /** `before` is called before something is written. */
  constructor(
    stream: Writable,
    line: (job: Job) => string,
    before: () => void,
  ) {
    this.#stream = stream;
    this.#line = line;
    this.#before = before;
  }

  add(job: Job): void {
    if (this.#waiting === "") setImmediate(() => this.#write());
    this.#waiting += this.#line(job);
  }

  async ready(): Promise<void> {
    this.#write();
    if (this.#stream.writableNeedDrain) await once(this.#stream, "drain");
  }

  #write(): void {
    if (this.#waiting === "") return;
    this.#before();
    this.#stream.write(this.#waiting);
    this.#waiting = "";
  }
}
