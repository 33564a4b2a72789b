import {
  closeSync,
  mkdtempSync,
  openSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Linux's memory that is used like a disk: a disk need not see what is written so often, and it costs a sixth less. */
const memory = "/dev/shm";

/** A file of so many zeros that has no name, and ends with those who hold it; gives its descriptor. */
export function nameless(
  size: number,
  [place, ...others]: readonly string[] = [memory, tmpdir()],
): number {
  try {
    return namelessIn(place!, size);
  } catch (cause) {
    if (others.length === 0) throw cause;
    // It is not there, or full.
    return nameless(size, others);
  }
}

function namelessIn(place: string, size: number): number {
  const fd = opened(place);
  try {
    // All of its room is taken now: nothing written later must fail because a disk is full, which may take a part of it.
    if (writeSync(fd, Buffer.alloc(size)) < size)
      throw new Error(`no room for ${String(size)} bytes in ${place}`);
  } catch (cause) {
    closeSync(fd);
    throw cause;
  }
  return fd;
}

function opened(place: string): number {
  const folder = mkdtempSync(path.join(place, "myjobs-"));
  try {
    const file = path.join(folder, "nameless");
    const fd = openSync(file, "wx+", 0o600);
    unlinkSync(file);
    return fd;
  } finally {
    rmdirSync(folder);
  }
}
