// What all peers are measured by: the same jobs, scheduled at once, and then one after another.
const [jobs, latencies = 1_000] = process.argv.slice(2, 4).map(Number);

export const kwargs = (nr) => ({ a: nr, b: 1 });

/** Until V8 has optimized what they run. */
const warmUp = 2_000;

/**
 * `one` resolves when a job has ended, with what `resultOf` finds its result in; `many`, where batches are faster, when
 * all of these have, with the same of each where it is kept.
 */
export async function measure({
  one,
  many,
  resultOf = (value) => value,
  stop,
  more = {},
}) {
  for (let nr = 0; nr < warmUp; nr += 1)
    check(resultOf(await one(kwargs(nr))), nr);
  const all = Array.from({ length: jobs }, (_, nr) => kwargs(nr));
  const begun = performance.now();
  const results = await (many?.(all) ?? Promise.all(all.map(one)));
  results?.forEach((value, nr) => check(resultOf(value), nr));
  const rate = (1_000 * jobs) / (performance.now() - begun);
  const times = [];
  for (let nr = 0; nr < latencies; nr += 1) {
    const from = performance.now();
    await one(kwargs(nr));
    times.push(performance.now() - from);
  }
  const added = {};
  for (const [name, run] of Object.entries(more)) added[name] = await run();
  console.log(JSON.stringify({ rate, times, ...added }));
  await stop();
  process.exit(0);
}

function check(result, nr) {
  if (result !== undefined && result !== nr + 1)
    throw new Error(`job ${nr}: ${result}`);
}
