import {
  mkdtempSync,
  openSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A file of so many zeros that has no name, and ends with those who hold it; gives its descriptor. */
export function nameless(size: number): number {
  const folder = mkdtempSync(path.join(tmpdir(), "myjobs-"));
  const file = path.join(folder, "nameless");
  const fd = openSync(file, "wx+", 0o600);
  unlinkSync(file);
  rmdirSync(folder);
  // All of its room is taken now: nothing written later must fail because a disk is full.
  writeSync(fd, Buffer.alloc(size));
  return fd;
}
