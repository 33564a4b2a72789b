import type { Readable, Writable } from "node:stream";

/** Bytes of a child's output that are kept, to be shown when it dies. */
const kept = 8_192;
/** Bytes that lie unread before more is left out of what is shown. */
const mostUnread = 2 ** 20;

/** The last of what some streams bring. They are always read: a full pipe would stop who writes to it. */
export class Tail {
  #chunks: Buffer[] = [];
  #size = 0;

  /** `shown`: where it is to be seen, too. */
  follow(stream: Readable | null, shown?: Writable): void {
    stream?.on("data", (chunk: Buffer) => {
      if (shown !== undefined) show(shown, chunk);
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

/** That nobody reads it any more is no fault of this process, as with `console.log`. Not piped: each pipe would hang listeners on it. */
function show(stream: Writable, chunk: Buffer): void {
  if (stream.writableLength > mostUnread) return;
  stream.write(chunk, (error) => {
    // The stream tells its listeners after this.
    if (error && !stream.listeners("error").includes(unread))
      stream.once("error", unread);
  });
}

function unread(): void {
  // Whoever wants to know listens, too.
}
