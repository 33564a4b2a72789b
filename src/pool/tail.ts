import type { Readable, Writable } from "node:stream";

/** Bytes of a child's output that are kept, to be shown when it dies. */
const kept = 8_192;

/** The last of what some streams bring. They are always read: a full pipe would stop who writes to it. */
export class Tail {
  #chunks: Buffer[] = [];
  #size = 0;

  /** `shown`: where it is to be seen, too. */
  follow(stream: Readable | null, shown?: Writable): void {
    stream?.on("data", (chunk: Buffer) => {
      // Not piped: each pipe would hang listeners on it.
      shown?.write(chunk);
      this.add(chunk);
    });
    // A reset at the end of a killed process is no news.
    stream?.on("error", () => undefined);
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size - (this.#chunks[0]?.length ?? 0) >= kept) {
      this.#size -= this.#chunks.shift()?.length ?? 0;
    }
  }

  get text(): string {
    return Buffer.concat(this.#chunks).subarray(-kept).toString("utf8").trim();
  }
}
