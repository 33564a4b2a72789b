/** To finish what it runs, or by force, and then whether what it ran is to run again. */
export type Manner = "halted" | "killed" | "requeued";

/** How a worker was told to end, if it was, and whether that was to make room for a fresh one. */
export class Dismissal {
  #manner: Manner | undefined;
  #relieved = false;

  get manner(): Manner | undefined {
    return this.#manner;
  }

  /** Whether somebody asked it to end, and not for a fresh one. */
  get unwanted(): boolean {
    return this.#manner !== undefined && !this.#relieved;
  }

  halt(): void {
    this.#manner ??= "halted";
    this.#relieved = false;
  }

  relieve(): void {
    if (this.#manner !== undefined) return;
    this.#manner = "halted";
    this.#relieved = true;
  }

  kill(requeue: boolean): void {
    this.#manner = requeue ? "requeued" : "killed";
    this.#relieved = false;
  }

  replace(): void {
    this.#relieved = !this.unwanted;
    this.#manner = "requeued";
  }
}
