// Whose auth.json it is. In a folder that others may write to, a file or a symbolic link of someone else
// could make us use his account, or write a key over a file of ours: it is refused. In a folder that
// others cannot write to, whatever is there was put there by somebody who may.

import { lstat, readlink, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { AuthError } from "./errors.ts";

const maxLinks = 20;
const writableByOthers = 0o022;

/**
 * Follow symbolic links from `path` to the file that is to be read or replaced; it need not exist.
 *
 * @throws {AuthError} AUTH_FILE_FOREIGN, AUTH_FILE_KIND
 */
export async function followTrusted(path: string, uid = process.geteuid?.()): Promise<string> {
  let current = resolve(path);
  for (let link = 0; link <= maxLinks; link++) {
    const facts = await lstat(current).catch(absent);
    if (facts === undefined) return current;
    await refuseForeign(current, facts.uid, uid);
    if (!facts.isSymbolicLink()) {
      if (!facts.isFile()) throw new AuthError("AUTH_FILE_KIND", `${current} is not a regular file`);
      return current;
    }
    current = resolve(dirname(current), await readlink(current));
  }
  throw new AuthError("AUTH_FILE_KIND", `${path} has too many symbolic links`);
}

async function refuseForeign(path: string, owner: number, uid: number | undefined): Promise<void> {
  if (uid === undefined || owner === uid || owner === 0) return;
  const folder = await stat(dirname(path));
  if (folder.uid === owner || (folder.mode & writableByOthers) === 0) return;
  throw new AuthError(
    "AUTH_FILE_FOREIGN",
    `${path} belongs to another user (uid ${owner}), in a folder that others can write to`,
  );
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
  throw error;
}
