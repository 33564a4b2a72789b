import { boolean, duration } from "../options.js";

export interface StopOptions {
  /** Let running jobs finish; true unless given. */
  graceful?: boolean;
  /** Milliseconds after which running jobs are killed all the same; 60,000 unless given. */
  timeout?: number;
  /** Whether a killed job runs again later (true unless given), or ends HALTED. */
  requeue?: boolean;
  /** Whether the tmux workers that were started here end, too, but for those that another instance keeps; true unless given. */
  tmux?: boolean;
}

export const stopRules = {
  graceful: boolean(true),
  timeout: duration(60_000),
  requeue: boolean(true),
  tmux: boolean(true),
};
