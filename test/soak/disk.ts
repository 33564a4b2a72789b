import path from "node:path";

/** A file operation, as strace tells of it. */
export interface Operation {
  name: string;
  file: string;
  data: Buffer;
  /** Where it was written, or the new length. */
  at: number;
}

const pattern =
  /^(\w+)\(\d+<([^>]*)>(?:, "([^"]*)", \d+)?(?:, (\d+))?\)\s+= \d+/;

/** Reads what `strace -y -xx` wrote. */
export function operations(trace: string): Operation[] {
  return trace.split("\n").flatMap((line) => {
    const [, name, file = "", data = "", at = "0"] = pattern.exec(line) ?? [];
    if (name === undefined) return [];
    return {
      name,
      file: path.basename(bytes(file).toString()),
      data: bytes(data),
      at: Number(at),
    };
  });
}

const sector = 512;

/**
 * A disk whose power may fail: what was synced stays; of what was written since, each sector may have
 * been written or not.
 */
export class Disk {
  readonly #synced = new Map<string, Content>();
  readonly #pending = new Map<string, Operation[]>();

  do(operation: Operation): void {
    const { name, file } = operation;
    const pending = this.#pending.get(file) ?? [];
    this.#pending.set(file, pending);
    if (name !== "fsync" && name !== "fdatasync") {
      pending.push(operation);
      return;
    }
    const content = this.#synced.get(file) ?? new Content();
    this.#synced.set(file, content);
    for (const one of pending.splice(0)) content.apply(one);
  }

  /** The files after the power has failed; `random` gives numbers from 0 to 1. */
  fail(random: () => number): Map<string, Buffer> {
    const files = new Map<string, Buffer>();
    for (const [file, pending] of this.#pending) {
      const content = new Content(this.#synced.get(file)?.bytes);
      // Sometimes all is lost, sometimes nothing.
      const luck = random() * 1.5 - 0.25;
      for (const part of pending.flatMap(sectors))
        if (random() < luck) content.apply(part);
      files.set(file, content.bytes);
    }
    return files;
  }
}

class Content {
  #buffer: Buffer;
  #length: number;

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#buffer = Buffer.from(bytes);
    this.#length = bytes.length;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  apply({ name, data, at }: Operation): void {
    const end = name === "ftruncate" ? at : at + data.length;
    if (end > this.#buffer.length) {
      const larger = Buffer.alloc(2 * end);
      this.bytes.copy(larger);
      this.#buffer = larger;
    }
    if (name === "ftruncate") this.#buffer.fill(0, at);
    else data.copy(this.#buffer, at);
    this.#length = name === "ftruncate" ? at : Math.max(this.#length, end);
  }
}

function sectors(operation: Operation): Operation[] {
  const { data, at } = operation;
  if (data.length === 0) return [operation];
  const parts: Operation[] = [];
  for (let from = 0; from < data.length;) {
    const to = Math.min(from + sector - ((at + from) % sector), data.length);
    parts.push({ ...operation, data: data.subarray(from, to), at: at + from });
    from = to;
  }
  return parts;
}

/** Of a string in which every character is written \xNN. */
function bytes(escaped: string): Buffer {
  return Buffer.from(escaped.replaceAll("\\x", ""), "hex");
}
