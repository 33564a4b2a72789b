import path from "node:path";

/** A file operation, as strace tells of it. */
export interface Operation {
  /** Of a sync that another thread interrupts in the trace, its begin is told, too. */
  name: string;
  /** The thread. */
  by: string;
  file: string;
  data: Buffer;
  /** Where it was written, or the new length. */
  at: number;
}

const pattern =
  /^(\w+)\(\d+<([^>]*)>(?:, "([^"]*)", \d+)?(?:, (\d+))?(\)\s+= \d+)?/;

/** Reads what `strace -f -y -xx` wrote. */
export function operations(trace: string): Operation[] {
  const begun = new Map<string, string>();
  return trace.split("\n").flatMap((line) => {
    const [, by = "", call = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const [, rest] = /^<\.\.\. \w+ resumed>(.*)$/.exec(call) ?? [];
    const [, part] = /^(.*) <unfinished \.\.\.>$/.exec(call) ?? [];
    if (part !== undefined) {
      begun.set(by, part);
      const operation = read(by, part);
      return operation && isSync(operation)
        ? { ...operation, name: begin }
        : [];
    }
    const whole = rest === undefined ? call : `${begun.get(by) ?? ""}${rest}`;
    return read(by, whole) ?? [];
  });
}

function read(by: string, call: string): Operation | undefined {
  const [, name, file = "", data = "", at = "0"] = pattern.exec(call) ?? [];
  if (name === undefined) return undefined;
  return {
    name,
    by,
    file: path.basename(bytes(file).toString()),
    data: bytes(data),
    at: Number(at),
  };
}

const begin = "begin";

function isSync({ name }: Operation): boolean {
  return name === "fsync" || name === "fdatasync";
}

const sector = 512;

/**
 * A disk whose power may fail: what was synced stays; of what was written since, each sector may have
 * been written or not.
 */
export class Disk {
  readonly #synced = new Map<string, Content>();
  readonly #pending = new Map<string, Operation[]>();
  /** By thread, the last write that its sync under way will cover. */
  readonly #covered = new Map<string, Operation | undefined>();

  do(operation: Operation): void {
    const { name, by, file } = operation;
    const pending = this.#pending.get(file) ?? [];
    this.#pending.set(file, pending);
    if (name === begin) this.#covered.set(by, pending.at(-1));
    else if (!isSync(operation)) pending.push(operation);
    else {
      const last = this.#covered.has(by)
        ? this.#covered.get(by)
        : pending.at(-1);
      this.#covered.delete(by);
      const content = this.#synced.get(file) ?? new Content();
      this.#synced.set(file, content);
      // Those may be on the disk by another's sync.
      const count = last === undefined ? 0 : pending.indexOf(last) + 1;
      for (const one of pending.splice(0, count)) content.apply(one);
    }
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
