// Puts new content in the place of a file so that a reader sees the old or the new, never a part: a
// temporary file of mode 0600 beside it, fsync, rename. Who is killed at any moment leaves the old or the new.
// A link stays a link: what it leads to is replaced.

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import {
  type FileHandle,
  lstat,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** A replacement that has been begun: what can fail early has been done. */
export interface Replacement {
  /** put the text in place; ends the replacement */
  commit(text: string): Promise<void>;
  /** leave the file as it is */
  abandon(): Promise<void>;
}

const privateMode = 0o600;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** @returns the path that is written to: links followed, the file itself need not exist */
export async function targetOf(path: string): Promise<string> {
  let target = path;
  for (let hops = 0; hops < 40; hops += 1) {
    const folder = await realpath(dirname(target));
    target = join(folder, target.slice(dirname(target).length).replace(/^\/+/, ""));
    const kind = await lstat(target).catch(absent);
    if (kind === undefined || !kind.isSymbolicLink()) return target;
    target = resolve(folder, await readlink(target));
  }
  throw Object.assign(new Error("too many symbolic links"), { code: "ELOOP" });
}

/**
 * @param path - the file, or a link to it; its folder exists
 * @param content - whole new content; the file is readable by its owner alone afterwards
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  await (await beginReplacement(await targetOf(path))).commit(content);
}

/**
 * Begin to replace a file: from here on only a full disk stands in the way.
 *
 * @param path - where symbolic links have been followed already
 */
export async function beginReplacement(path: string): Promise<Replacement> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString("hex")}`);
  let file: FileHandle;
  try {
    file = await open(temporary, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, privateMode);
  } catch (error) {
    if (!isClosedFolder(error)) throw error;
    return await rewriteInPlace(path, error);
  }
  await removeLeftovers(path, leftoverAgeMs);
  const owner = await stat(path).catch(() => undefined);
  const abandon = async () => {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
  };
  const commit = async (text: string) => {
    try {
      // A umask that takes bits from the owner is none of the user's wishes for this file.
      await file.chmod(privateMode);
      // root who changes a file for a user leaves it to the user
      if (owner !== undefined && process.geteuid?.() === 0) {
        await file.chown(owner.uid, owner.gid).catch(() => {});
      }
      await file.writeFile(text);
      await file.sync();
      await file.close();
      await rename(temporary, path).catch(async (error: NodeJS.ErrnoException) => {
        // A file that is a mount point by itself, as containers are given them.
        if (error.code !== "EBUSY") throw error;
        await (await rewriteInPlace(path, error)).commit(text);
        await rm(temporary, { force: true });
      });
      await syncFolder(dirname(path));
    } catch (error) {
      await abandon();
      throw error;
    }
  };
  return { commit, abandon };
}

const leftoverAgeMs = 60_000;

/**
 * Remove temporary files of writers that were killed: they hold what the file holds.
 *
 * @param minAgeMs - younger ones may belong to a writer that lives
 */
export async function removeLeftovers(path: string, minAgeMs: number): Promise<void> {
  const folder = dirname(path);
  const prefix = `.${basename(path)}.`;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(prefix) || !/^[0-9a-f]{16}$/.test(name.slice(prefix.length))) continue;
    const facts = await stat(join(folder, name)).catch(() => undefined);
    if (facts === undefined || Date.now() - facts.mtimeMs < minAgeMs) continue;
    await rm(join(folder, name), { force: true }).catch(() => {});
  }
}

function isClosedFolder(error: unknown): boolean {
  return ["EACCES", "EPERM", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "");
}

// The one way that is left where the folder is closed but the file is open. It is not atomic.
async function rewriteInPlace(path: string, reason: unknown): Promise<Replacement> {
  const file = await open(path, O_WRONLY | O_NOFOLLOW).catch(() => {
    throw reason;
  });
  return {
    abandon: () => file.close(),
    commit: async (text) => {
      try {
        await file.chmod(privateMode).catch(() => {});
        const bytes = Buffer.from(text);
        await file.write(bytes, 0, bytes.length, 0);
        await file.truncate(bytes.length);
        await file.sync();
      } finally {
        await file.close();
      }
    },
  };
}

// So that the rename outlives a power failure; some file systems cannot, and say so.
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
