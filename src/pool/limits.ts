import { monotonic } from "../clock.js";
import { Alarm } from "./alarm.js";
import type { Assignment } from "./assignment.js";

/** Milliseconds after which it is looked whether a job has begun; its time begins anew if it has not. */
const peek = 200;
/** A deadline that is seen so many milliseconds late was held up by this process itself: as long, its child's answer may still lie in a pipe. */
const moment = 100;

export interface LimitsPort {
  /** All that its worker holds. */
  held(): Iterable<Assignment>;
  /** Whether its process has come to it. */
  isReached(assignment: Assignment): boolean;
  late(assignment: Assignment): void;
}

/** How long the jobs of a worker may take. */
export class Limits {
  readonly #port: LimitsPort;
  readonly #alarm = new Alarm(() => {
    this.#look();
  });

  constructor(port: LimitsPort) {
    this.#port = port;
  }

  /** Its time begins now. */
  begin(assignment: Assignment): void {
    assignment.startClock();
    this.#alarm.set(nextLook(assignment));
  }

  /** Nobody's time runs. */
  rest(): void {
    this.#alarm.rest();
  }

  clear(): void {
    this.#alarm.clear();
  }

  #look(): void {
    for (const assignment of [...this.#port.held()])
      if (assignment.timed && !assignment.decided) this.#lookAt(assignment);
  }

  #lookAt(assignment: Assignment): void {
    const time = monotonic();
    if (nextLook(assignment) > time) this.#alarm.set(nextLook(assignment));
    // That is not its own time: something else keeps its process from it, or us from sending it.
    else if (!this.#port.isReached(assignment)) this.begin(assignment);
    else {
      assignment.reached = true;
      const { deadline } = assignment;
      if (deadline > time) this.#alarm.set(deadline);
      else if (time - deadline > moment && !assignment.spared) {
        assignment.spared = true;
        this.#alarm.set(time + moment);
      } else this.#port.late(assignment);
    }
  }
}

function nextLook({ deadline, reached, timedSince }: Assignment): number {
  if (reached || deadline === Infinity) return deadline;
  return Math.min(deadline, timedSince + peek);
}
