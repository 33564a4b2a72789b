/**
 * How the pool follows a load, drawn: the real autoscaler on a pretended clock. Writes docs/autoscaling-<boot>.svg.
 * Usage: npm run bench -- simulation
 */
import { mkdirSync, writeFileSync } from "node:fs";

import { idealSize, loadNames, loadsEnd, namedLoads } from "../pool/loads.js";
import { type Course, simulate } from "../pool/simulator.js";

const serviceTime = 50;
const idleTimeout = 1_500;
const pool = { nrMin: 1, nrMax: 100 };
const duration = loadsEnd + 4_000;

const panel = { width: 400, height: 150, left: 40, right: 44, top: 40 };
const columns = 2;
const colours = { load: "#d5d9e0", workers: "#1f5fbf", ready: "#d9772b" };

mkdirSync("docs", { recursive: true });
for (const bootTime of [100, 500]) {
  const file = `docs/autoscaling-${String(bootTime)}.svg`;
  writeFileSync(file, picture(bootTime));
  console.log(`wrote ${file}`);
}

function picture(bootTime: number): string {
  const loads = namedLoads(serviceTime);
  const panels = loadNames.map((name, nr) => {
    const load = loads[name];
    const course = simulate({
      ...pool,
      bootTime,
      idleTimeout,
      duration,
      load,
      serviceTime: () => serviceTime,
    });
    const ideal = (at: number): number =>
      idealSize(load, at, { nrMin: 0, nrMax: 100, bootTime, serviceTime });
    const x = (nr % columns) * (panel.width + panel.left + panel.right);
    const y = Math.floor(nr / columns) * (panel.height + panel.top + 24);
    return `<g transform="translate(${String(x + panel.left)} ${String(y + 70)})">${drawn(name, course, ideal)}</g>`;
  });
  const width = columns * (panel.width + panel.left + panel.right);
  const height =
    Math.ceil(loadNames.length / columns) * (panel.height + panel.top + 24) +
    60;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(width)} ${String(height)}" font-family="system-ui, sans-serif" font-size="11" fill="#333">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${String(panel.left)}" y="20" font-size="14" font-weight="600">The pool under load: a boot takes ${String(bootTime)} ms, a job ${String(serviceTime)} ms, idle workers go after ${String(idleTimeout)} ms</text>
${legend()}
${panels.join("\n")}
</svg>
`;
}

function legend(): string {
  const entries = [
    ["load", "load: workers that the jobs keep busy"],
    ["workers", "workers"],
    ["ready", "jobs that wait (scale on the right)"],
  ] as const;
  return entries
    .map(([kind, words], nr) => {
      const x = panel.left + [0, 240, 325][nr]!;
      return `<rect x="${String(x)}" y="29" width="12" height="8" fill="${colours[kind]}"/><text x="${String(x + 17)}" y="37">${words}</text>`;
    })
    .join("");
}

function drawn(
  name: string,
  { moments, waits }: Course,
  ideal: (at: number) => number,
): string {
  const times = Array.from({ length: duration / 20 + 1 }, (_, nr) => nr * 20);
  const loads = times.map((at) => [at, ideal(at)] as const);
  const workers = moments.map((one) => [one.at, one.workers] as const);
  const ready = moments.map((one) => [one.at, one.ready] as const);
  const mostWorkers = rounded(
    Math.max(...[...workers, ...loads].map(([, nr]) => nr)),
  );
  const mostReady = rounded(Math.max(...ready.map(([, nr]) => nr)));
  const { width, height } = panel;
  const sorted = [...waits].sort((a, b) => a - b);
  const quantile = (at: number): string =>
    String(Math.round(sorted[Math.floor(at * (sorted.length - 1))]!));
  const ticks = Array.from({ length: 5 }, (_, nr) => (duration / 4) * nr);
  return `<text x="0" y="-8"><tspan font-weight="600">${name}</tspan><tspan fill="#777"> · a job waits ${quantile(0.5)} ms (median), ${quantile(0.99)} ms (p99)</tspan></text>
<path d="${stairs(loads, mostWorkers)} V${String(height)} H0 Z" fill="${colours.load}"/>
<path d="${stairs(ready, mostReady)}" fill="none" stroke="${colours.ready}" stroke-width="0.8" stroke-opacity="0.8"/>
<path d="${stairs(workers, mostWorkers)}" fill="none" stroke="${colours.workers}" stroke-width="1.6"/>
<path d="M0 0V${String(height)}H${String(width)}V0" fill="none" stroke="#999" stroke-width="0.7"/>
<text x="-6" y="8" text-anchor="end">${String(mostWorkers)}</text><text x="-6" y="${String(height)}" text-anchor="end">0</text>
<text x="${String(width + 6)}" y="8" fill="${colours.ready}">${String(mostReady)}</text><text x="${String(width + 6)}" y="${String(height)}" fill="${colours.ready}">0</text>
${ticks.map((at) => `<text x="${((at / duration) * width).toFixed(1)}" y="${String(height + 14)}" text-anchor="middle" fill="#777">${(at / 1_000).toFixed(0)} s</text>`).join("")}`;
}

/** A line of steps; of the values in one place the highest is drawn, then the last. */
function stairs(
  points: readonly (readonly [number, number])[],
  most: number,
): string {
  const { width, height } = panel;
  const places = new Map<string, number[]>();
  for (const [at, value] of points) {
    if (at > duration) break;
    const x = (Math.round((at / duration) * width * 2) / 2).toString();
    const [highest = value] = places.get(x) ?? [];
    places.set(x, [Math.max(highest, value), value]);
  }
  let path = "";
  let before: number | undefined;
  for (const [x, [highest, last]] of places) {
    if (highest === before && last === before) continue;
    const up = ((1 - highest! / most) * height).toFixed(0);
    const down = ((1 - last! / most) * height).toFixed(0);
    path += path === "" ? `M${x} ${up}` : `H${x}V${up}`;
    if (down !== up) path += `V${down}`;
    before = last;
  }
  return `${path}H${String(width)}`;
}

function rounded(most: number): number {
  const unit = most > 100 ? 50 : most > 20 ? 10 : 5;
  return Math.max(unit, Math.ceil(most / unit) * unit);
}
