import type { Bounds } from "../bounds.js";

/** What the pool looks like at a moment, in workers and in jobs. */
export interface Situation extends Bounds {
  /** Workers that run something. */
  busy: number;
  /** Those of them whose job has run far longer than jobs do: nobody can say when they will be free. */
  slow: number;
  idle: number;
  starting: number;
  /** Jobs that could run now and that no worker has. */
  ready: number;
  /** Jobs that came per millisecond, over the last boot time or service time, whichever is longer. */
  inflow: number;
  /** Milliseconds from a fork to a worker that takes jobs, as measured. */
  bootTime: number;
  /** Whether a first worker has come up; until then `bootTime` is a guess. */
  booted: boolean;
  /** Milliseconds that a job takes, as measured; undefined until one has ended. */
  serviceTime: number | undefined;
  /** Jobs one worker runs at a time. */
  concurrency: number;
  /** Milliseconds since the pool last grew. */
  sinceGrowth: number;
  /** Milliseconds for which the longest idle worker has been idle. */
  idleFor: number;
  /** Milliseconds a worker above need may be idle. */
  idleTimeout: number;
}

/** How many workers to start, or to retire; at most one of the two is not 0. */
export interface Decision {
  need: number;
  start: number;
  retire: number;
}

/**
 * The autoscaler. While jobs wait, it wants as many workers as what comes in keeps busy, and as clear
 * what is there within two boot times and the time a job takes, whichever is more; but no more than
 * there are jobs. Workers that are starting count. Until a first job has ended nobody knows how much
 * work they are: it doubles. One idle worker is retired at a time.
 */
export function decide(situation: Situation): Decision {
  const { nrMin, nrMax, busy, idle, starting } = situation;
  const present = busy + idle + starting;
  const need = Math.min(Math.max(wanted(situation), nrMin), nrMax);
  if (need > present)
    return { need, start: growth(situation, need, present), retire: 0 };
  const surplus = present - nrMax;
  // Lowered bounds act at once; otherwise patience.
  if (surplus > 0) return { need, start: 0, retire: surplus };
  const overdue = idle > 0 && situation.idleFor >= situation.idleTimeout;
  return {
    need,
    start: 0,
    retire: overdue && present > Math.max(need, nrMin) ? 1 : 0,
  };
}

function wanted(situation: Situation): number {
  const { busy, slow, ready, inflow, concurrency, serviceTime } = situation;
  const oneForEach = busy + Math.ceil(ready / concurrency);
  if (ready === 0 || serviceTime === undefined) return oneForEach;
  const share = serviceTime / concurrency;
  const forInflow = Math.ceil(inflow * share);
  const jobs = busy * concurrency + ready;
  const horizon = 2 * Math.max(situation.bootTime, 1) + serviceTime;
  const forBacklog = Math.ceil((jobs * share) / horizon);
  return Math.min(oneForEach, slow + Math.max(forInflow, forBacklog));
}

/** Up to `nrMin` at once; above it a doubling, and the next only when the last has arrived or should have. */
function growth(situation: Situation, need: number, present: number): number {
  const { nrMin, starting, sinceGrowth, serviceTime } = situation;
  const bootTime = situation.booted ? situation.bootTime : Infinity;
  if (present < nrMin) return nrMin - present;
  if (serviceTime !== undefined) return need - present;
  if (starting > 0 && sinceGrowth < bootTime) return 0;
  return Math.min(need - present, Math.max(1, present));
}
