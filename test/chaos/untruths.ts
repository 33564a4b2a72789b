import { isAlive } from "../support/until.js";
import type { Host } from "./cluster.js";
import { isLive, type Record, type WorkerRow } from "./record.js";
import type { Windows } from "./windows.js";

/** At rest: what the records of workers say that is not so, and what pools and windows lack. */
export function untruths(
  record: Record,
  hosts: readonly Host[],
  windows: Windows,
): string[] {
  const rows = record.workers();
  return [
    ...rows.filter(isUntrue).map((row) => `not so: ${JSON.stringify(row)}`),
    ...inPools(rows, record, hosts),
    ...inWindows(rows, record, windows),
  ];
}

function isUntrue(row: WorkerRow): boolean {
  const idle = row.state === "WAITING" && row.currentJob === null;
  const over = !isLive(row) && row.currentJob === null;
  return isAlive(row.pid) && isLive(row) ? !idle : !over;
}

function inPools(
  rows: readonly WorkerRow[],
  record: Record,
  hosts: readonly Host[],
): string[] {
  const ids = record.hosts();
  return hosts.flatMap(({ pid, nrMin }) => {
    const { length } = rows.filter(
      ({ host, state }) => host === ids.get(pid) && state === "WAITING",
    );
    return length < nrMin
      ? [`${String(length)} workers where ${String(nrMin)} shall be`]
      : [];
  });
}

function inWindows(
  rows: readonly WorkerRow[],
  record: Record,
  windows: Windows,
): string[] {
  const live = rows.filter((row) => row.type === "tmux" && isLive(row));
  const names = live.map(({ nr }) => `w${String(nr)}`).sort();
  const shown = windows.list().map(({ name }) => name);
  const found = record
    .kept()
    .filter(({ nr }) => !live.some((row) => row.nr === nr))
    .map(({ nr }) => `w${String(nr)} is kept, and has no worker`);
  return names.join() === shown.sort().join()
    ? found
    : [...found, `windows ${shown.join()}, and workers ${names.join()}`];
}
