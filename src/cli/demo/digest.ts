import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

export interface Digest {
  bytes: number;
  lines: number;
  /** Bytes once compressed. */
  gzip: number;
  sha256: string;
}

/** Looks at a file. */
export async function digest({ input }: { input: string }): Promise<Digest> {
  const content = await readFile(input);
  let lines = 0;
  for (const byte of content) if (byte === 0x0a) lines += 1;
  return {
    bytes: content.length,
    lines,
    gzip: gzipSync(content).length,
    sha256: createHash("sha256").update(content).digest("hex"),
  };
}
