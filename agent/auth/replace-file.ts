// A file is replaced whole or not at all: a temporary file of mode 0600 beside it, fsync, rename. Who is
// killed at any moment leaves the old contents or the new ones.

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** A replacement that has been begun: what can fail early has been done. */
export interface Replacement {
  /** put the text in place; ends the replacement */
  commit(text: string): Promise<void>;
  /** leave the file as it is */
  abandon(): Promise<void>;
}

const privateMode = 0o600;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

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
  const abandon = async () => {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
  };
  const commit = async (text: string) => {
    try {
      // A umask that takes bits from the owner is none of the user's wishes for this file.
      await file.chmod(privateMode);
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
