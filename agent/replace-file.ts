// Puts new content in the place of a file so that a reader sees the old or the new, never a part, and a
// failure leaves the old. A link stays a link: what it leads to is replaced.

import { randomBytes } from "node:crypto";
import { type FileHandle, lstat, open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

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
  const target = await targetOf(path);
  const temporary = `${target}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`;
  const owner = await stat(target).catch(absent);
  const file = await open(temporary, "wx", 0o600);
  try {
    await write(file, content, owner);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(target));
}

async function write(
  file: FileHandle,
  content: string,
  owner: { readonly uid: number; readonly gid: number } | undefined,
): Promise<void> {
  try {
    await file.chmod(0o600);
    // root who edits for a user leaves the file to the user
    if (owner !== undefined && process.geteuid?.() === 0) await file.chown(owner.uid, owner.gid);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Some file systems do not sync folders; the content is safe without it. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    await folder.sync().finally(() => folder.close());
  } catch {
    // nothing is lost unless the power fails now
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
