// Links that a command of an earlier sandbox, or the maker of a repository, may have put on the way to a
// writable root: what they lead to is not made writable.

import { lstatSync, readlinkSync, realpathSync, type Stats } from "node:fs";
import { join, sep } from "node:path";

const mostLinks = 40; // as the kernel has it

/**
 * Whether a link on the way to a path lies in a root.
 *
 * @param path - absolute and existing
 * @param roots - without links
 */
export function passesLinkIn(path: string, roots: readonly string[]): boolean {
  let done: string = sep;
  const rest = path.split(sep);
  for (let links = 0; rest.length > 0; ) {
    const name = rest.shift() as string;
    if (name === "" || name === ".") continue;
    const candidate = join(done, name); // nothing before it is a link, so `..` may be taken by its letters
    if (!lstatOf(candidate)?.isSymbolicLink()) {
      done = candidate;
      continue;
    }
    links += 1;
    if (links > mostLinks || roots.some((root) => isInside(done, root))) return true;
    const target = readlinkSync(candidate);
    if (target.startsWith(sep)) done = sep;
    rest.unshift(...target.split(sep));
  }
  return false;
}

/** Whether one absolute path is another or lies below it; both without links. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** A path without links; undefined where there is nothing. */
export function existing(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function lstatOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
