// Who could put something else in the place of a path. A proxy's server info or socket that another user
// can replace would lead this user's prompts, and the answers it acts on, to that user.

import fs from "node:fs";
import { dirname, join, resolve } from "node:path";

const maxLinks = 40; // as the kernel

/**
 * Follow a path step by step, links included.
 *
 * @param owner - uid of the file at its end, whose own folders are no risk on the way to his own file
 * @returns what others could do about it, for a message; undefined where root, this user and the owner
 *   alone decide what the path leads to
 */
export function weaknessOfWay(path: string, owner: number): string | undefined {
  const own = process.geteuid?.() ?? owner;
  const isTrusted = (uid: number) => uid === 0 || uid === own || uid === owner;
  let pending = resolve(path).split("/").slice(1);
  let folder = "/";
  let links = 0;
  while (pending.length > 0) {
    const name = pending.shift() as string;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      folder = dirname(folder);
      continue;
    }
    const status = fs.statSync(folder);
    const entry = fs.lstatSync(join(folder, name));
    if (!isTrusted(status.uid)) return `the folder ${folder} belongs to uid ${status.uid}`;
    // In a sticky folder nobody replaces what is there, but anybody may have been the first to put it.
    const isKept = (status.mode & 0o1000) !== 0 && (entry.uid === 0 || entry.uid === own);
    if (isWritableForOthers(status) && !isKept) return `other users may write to the folder ${folder}`;
    if (!entry.isSymbolicLink()) {
      folder = join(folder, name);
      continue;
    }
    if (!isTrusted(entry.uid)) return `the link ${join(folder, name)} belongs to uid ${entry.uid}`;
    if (++links > maxLinks) return `too many links on the way to ${path}`;
    const target = fs.readlinkSync(join(folder, name));
    if (target.startsWith("/")) folder = "/";
    pending = [...target.split("/"), ...pending];
  }
  return undefined;
}

/**
 * Whether anybody but the owner may write. The group that has the number of its owner is the owner's own,
 * as Debian and Red Hat make them together with a umask of 002.
 */
export function isWritableForOthers({ mode, uid, gid }: fs.Stats): boolean {
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== uid);
}
