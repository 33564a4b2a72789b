import type { Bounds } from "../bounds.js";

/** What the pool looks like at a moment, in workers and in jobs. */
export interface Situation extends Bounds {
  /** Workers that run something. */
  busy: number;
  idle: number;
  starting: number;
  /** Jobs that could run now and that no worker has. */
  ready: number;
  /** Milliseconds from a fork to a worker that takes jobs, as measured. */
  bootTime: number;
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
 * The autoscaler: how many workers are needed is `busy + ceil(ready / q)` within the bounds, where `q`
 * is how many jobs the present workers will have finished before a new one has booted. Workers that
 * are starting count. It grows by doubling, and retires one idle worker at a time.
 */
export function decide(situation: Situation): Decision {
  const { nrMin, nrMax, busy, idle, starting, ready } = situation;
  const present = busy + idle + starting;
  const wanted = busy + Math.ceil(ready / finishedInOneBoot(situation));
  const need = Math.min(Math.max(wanted, nrMin), nrMax);
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

function finishedInOneBoot({
  busy,
  idle,
  concurrency,
  bootTime,
  serviceTime,
}: Situation): number {
  if (serviceTime === undefined) return 1;
  const lanes = Math.max(1, busy + idle) * concurrency;
  return Math.max(
    1,
    Math.floor((lanes * bootTime) / Math.max(serviceTime, 0.001)),
  );
}

/** Up to `nrMin` at once; above it a doubling, and the next only when the last has arrived or should have. */
function growth(
  { nrMin, starting, sinceGrowth, bootTime }: Situation,
  need: number,
  present: number,
): number {
  if (present < nrMin) return nrMin - present;
  if (starting > 0 && sinceGrowth < bootTime) return 0;
  return Math.min(need - present, Math.max(1, present));
}
