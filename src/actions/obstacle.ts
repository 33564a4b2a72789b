import type { ActionProblem } from "../errors.js";

/** Something that stands in the way, and where in the function's text. */
export type Obstacle = Pick<ActionProblem, "name" | "reason" | "cure"> & {
  at: number;
};
