import { closeSync, readSync, writeSync } from "node:fs";

/** More than can be on the way at once; a place is used again only long after the child has passed it. */
const places = 4_096;
const width = 4;
/** Bytes of the file. */
export const marksSize = 2 * places * width;

/**
 * Who runs a job that was sent ahead is agreed in a small file that host and child share, since a
 * child in a synchronous loop reads no message. Each side writes its own mark, then reads the other's,
 * so when a start and a revocation race, at least one sees the other. When both do, both yield: the
 * child tells that it skipped the job, and the host then takes it back.
 */
export class Marks {
  readonly fd: number;
  readonly #buffer = Buffer.alloc(width);

  constructor(fd: number) {
    this.fd = fd;
  }

  /** The child's side: true if the job is still the child's to run; else it must tell that it skipped it. */
  start(mark: number): boolean {
    this.#write(started, mark, mark);
    if (this.#read(revoked, mark) !== mark) return true;
    this.#write(started, mark, 0);
    return false;
  }

  /** The host's side: true if the job had not started, and now will not. */
  revoke(mark: number): boolean {
    this.#write(revoked, mark, mark);
    return !this.hasStarted(mark);
  }

  hasStarted(mark: number): boolean {
    return this.#read(started, mark) === mark;
  }

  close(): void {
    closeSync(this.fd);
  }

  #write(side: number, mark: number, value: number): void {
    this.#buffer.writeUInt32LE(value);
    writeSync(this.fd, this.#buffer, 0, width, place(side, mark));
  }

  #read(side: number, mark: number): number {
    const read = readSync(this.fd, this.#buffer, 0, width, place(side, mark));
    return read < width ? 0 : this.#buffer.readUInt32LE();
  }
}

/** The mark that follows on another: 32 bits are what is written, and 0 is none. */
export function after(mark: number): number {
  return mark === 2 ** 32 - 1 ? 1 : mark + 1;
}

const started = 0;
const revoked = 1;

function place(side: number, mark: number): number {
  return width * (side * places + (mark % places));
}
