import { addAbortSignal, type Readable } from "node:stream";

/** The lines of a stream, without empty ones, read no faster than they are taken. Ends with an error at the signal. */
export async function* lines(
  stream: Readable,
  signal: AbortSignal,
): AsyncGenerator<string> {
  stream.setEncoding("utf8");
  addAbortSignal(signal, stream);
  let rest = "";
  for await (const chunk of stream as AsyncIterable<string>) {
    const [first = "", ...others] = chunk.split("\n");
    rest += first;
    const last = others.pop();
    if (last === undefined) continue;
    yield* [rest, ...others].map(bare).filter(isFilled);
    rest = last;
  }
  yield* [bare(rest)].filter(isFilled);
}

function bare(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

function isFilled(line: string): boolean {
  return line !== "";
}
