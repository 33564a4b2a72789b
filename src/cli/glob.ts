import type { Dirent } from "node:fs";
import { opendir, stat } from "node:fs/promises";

/** `rest`: what the way below a folder must match, as positions in the pattern; absent for a file. */
interface Found {
  path: string;
  rest?: number[];
}

export function isPattern(text: string): boolean {
  return /[*?]/.test(text);
}

/**
 * The files that a pattern names, hidden ones too, in an order that is the same each time. `*` and `?`
 * stand for characters of one name, `**` for any number of folders. Links to files count as files; links to folders
 * are followed only where a name of the pattern stands for them, never by `**`: there could be no end.
 * Holds no more than the names of the folders on its way.
 */
export async function* glob(pattern: string): AsyncGenerator<string> {
  const { root, names } = parse(pattern);
  const ahead: Found[] = [{ path: root, rest: spread([0], names) }];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (next.rest === undefined) {
      yield next.path;
      continue;
    }
    const found = await look(next.path, next.rest, names);
    found.sort((a, b) => (a.path < b.path ? 1 : -1));
    for (const one of found) ahead.push(one);
  }
}

/** The part before the first wildcard is a place; only what follows is searched. */
function parse(pattern: string): { root: string; names: (RegExp | "**")[] } {
  const parts = pattern.split("/").filter((part) => part !== "");
  const first = parts.findIndex(isPattern);
  const names = parts
    .slice(first)
    .map((part) => (part === "**" ? part : matcher(part)));
  // All that is below.
  if (names.at(-1) === "**") names.push(matcher("*"));
  const start = pattern.startsWith("/") ? "/" : "";
  return { root: start + parts.slice(0, first).join("/"), names };
}

function matcher(part: string): RegExp {
  const source = part
    .replace(/[\\^$+.()|[\]{}]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "su");
}

/** `**` may stand for no folder at all. */
function spread(rest: number[], names: readonly unknown[]): number[] {
  const all = new Set(rest);
  for (const at of all) if (names[at] === "**") all.add(at + 1);
  all.delete(names.length);
  return [...all];
}

async function look(
  folder: string,
  rest: number[],
  names: readonly (RegExp | "**")[],
): Promise<Found[]> {
  const found: Found[] = [];
  try {
    for await (const entry of await opendir(folder || ".", {
      bufferSize: 512,
    })) {
      const one = await match(entry, folder, rest, names);
      if (one !== undefined) found.push(one);
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // It has gone meanwhile, or never was.
    if (code !== "ENOENT" && code !== "ENOTDIR") throw cause;
  }
  return found;
}

async function match(
  entry: Dirent,
  folder: string,
  rest: number[],
  names: readonly (RegExp | "**")[],
): Promise<Found | undefined> {
  const onward = rest
    .filter((at) => {
      const name = names[at];
      return name instanceof RegExp && name.test(entry.name);
    })
    .map((at) => at + 1);
  const isLink = entry.isSymbolicLink();
  const deeper = isLink ? [] : rest.filter((at) => names[at] === "**");
  if (onward.length === 0 && deeper.length === 0) return undefined;
  const path = join(folder, entry.name);
  const kind = isLink
    ? await stat(path).catch(() => undefined) // it leads nowhere
    : entry;
  if (kind?.isFile() === true)
    return onward.includes(names.length) ? { path } : undefined;
  const inner = spread([...onward, ...deeper], names);
  return kind?.isDirectory() === true && inner.length > 0
    ? { path, rest: inner }
    : undefined;
}

function join(folder: string, name: string): string {
  if (folder === "") return name;
  return folder.endsWith("/") ? folder + name : `${folder}/${name}`;
}
