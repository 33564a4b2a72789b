import { monotonic } from "../clock.js";
import { Alarm } from "./alarm.js";
import type { Assignment } from "./assignment.js";

/** A deadline that is seen so many milliseconds late was held up by this process itself: as long, its child's answer may still lie in a pipe. */
const moment = 100;

export interface LimitsPort {
  /** Those whose time runs. */
  held(): Iterable<Assignment>;
  /** Whether its process has come to it. */
  hasBegun(assignment: Assignment): boolean;
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
    assignment.start();
    this.#alarm.set(assignment.deadline);
  }

  /** Nobody's time runs. */
  rest(): void {
    this.#alarm.rest();
  }

  clear(): void {
    this.#alarm.clear();
  }

  #look(): void {
    const time = monotonic();
    for (const assignment of [...this.#port.held()]) {
      const { verdict, started, deadline } = assignment;
      if (verdict !== undefined || !started) continue;
      if (deadline > time) this.#alarm.set(deadline);
      // That is not its own time: something else keeps its process from it, or us from sending it.
      else if (!this.#port.hasBegun(assignment)) this.begin(assignment);
      else if (time - deadline > moment && !assignment.spared) {
        assignment.spared = true;
        this.#alarm.set(time + moment);
      } else this.#port.late(assignment);
    }
  }
}
