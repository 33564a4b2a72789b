/** Frames of ours that may lie between a caller and where an error is made. */
export const ownDepth = 200;

/** Whether a line of a stack, or the file it names, is of this package. */
export function isOwnFrame(line: string): boolean {
  own ??= ownFolders();
  return own.some((folder) => line.includes(folder));
}

/** Read when they are first asked for: a child that is to be up soon has no use for them. */
let own: readonly string[] | undefined;

/** Source maps lead the stacks of the build to the folders that it was made of. */
function ownFolders(): string[] {
  // In a bundle nothing tells it from the rest.
  if (!(import.meta.url as string | undefined)) return [];
  return [".", "../src/", "../workers/"].flatMap((folder) => {
    const { href, pathname } = new URL(folder, import.meta.url);
    return [href, decodeURIComponent(pathname)];
  });
}

/** A caller's mistake should point at the caller: what the stack shows of this package is left out; `most` frames are kept. */
export function withoutOwnFrames(stack: string, most: number): string {
  let left = most;
  return stack
    .split("\n")
    .filter((line) => {
      if (!/^\s+at /.test(line)) return true;
      if (isOwnFrame(line) || left === 0) return false;
      left -= 1;
      return true;
    })
    .join("\n");
}
