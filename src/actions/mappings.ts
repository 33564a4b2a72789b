/** Where a piece of a compiled text comes from. All counted from 0. */
export interface Segment {
  line: number;
  column: number;
  /** Index of the source file. */
  source: number;
  originalLine: number;
  originalColumn: number;
}

/** A place in a file, counted from 0. */
export interface Place {
  line: number;
  column: number;
}

/** The segments of a source map's `mappings`, in the order of the compiled text. */
export function readMappings(mappings: string): Segment[] {
  const segments: Segment[] = [];
  const at = { source: 0, originalLine: 0, originalColumn: 0 };
  for (const [line, group] of mappings.split(";").entries()) {
    let column = 0;
    for (const text of group.split(",")) {
      const [move = 0, source, originalLine = 0, originalColumn = 0] =
        readNumbers(text);
      column += move;
      if (source === undefined) continue;
      at.source += source;
      at.originalLine += originalLine;
      at.originalColumn += originalColumn;
      segments.push({ line, column, ...at });
    }
  }
  return segments;
}

/** The last segment that begins at or before the place. */
export function segmentAt(
  segments: readonly Segment[],
  { line, column }: Place,
): Segment | undefined {
  let from = 0;
  let to = segments.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const { line: l, column: c } = segments[middle]!;
    if (l < line || (l === line && c <= column)) from = middle + 1;
    else to = middle;
  }
  return segments[from - 1];
}

/**
 * As numbers for an action's row: four a segment, each less the one before it. Only the pieces of one
 * source, with places in the compiled text counted from `start`.
 */
export function packSegments(
  segments: readonly Segment[],
  start: Place,
): number[] {
  const packed: number[] = [];
  let last = [0, 0, 0, 0];
  for (const { line, column, originalLine, originalColumn } of segments) {
    const shift = line === start.line ? start.column : 0;
    const next = [
      line - start.line,
      column - shift,
      originalLine,
      originalColumn,
    ];
    packed.push(...next.map((value, i) => value - (last[i] ?? 0)));
    last = next;
  }
  return packed;
}

export function unpackSegments(packed: readonly number[]): Segment[] {
  const segments: Segment[] = [];
  const [line, column, originalLine, originalColumn] = [0, 1, 2, 3] as const;
  const at = [0, 0, 0, 0];
  for (let i = 0; i + 3 < packed.length; i += 4) {
    for (let j = 0; j < 4; j++) at[j] = (at[j] ?? 0) + (packed[i + j] ?? 0);
    segments.push({
      line: at[line] ?? 0,
      column: at[column] ?? 0,
      source: 0,
      originalLine: at[originalLine] ?? 0,
      originalColumn: at[originalColumn] ?? 0,
    });
  }
  return segments;
}

const digits =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const digitOf = new Map(Array.from(digits, (digit, value) => [digit, value]));

/** Base 64, five bits a digit, the sixth says that more follow; the lowest bit of all is the sign. */
function readNumbers(text: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const digit of text) {
    const bits = digitOf.get(digit) ?? 0;
    value += (bits & 31) * 2 ** shift;
    shift += 5;
    if (bits & 32) continue;
    numbers.push(value & 1 ? -Math.floor(value / 2) : Math.floor(value / 2));
    value = shift = 0;
  }
  return numbers;
}
