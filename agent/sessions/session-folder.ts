// The folders and files of sessions hold what somebody told a model and what it read. They are made for
// their owner alone, and nothing is written through what another user may have put there. A link in the
// place of a folder is the user's own choice, as long as it leads to a folder of his.

import { constants, type Stats } from "node:fs";
import { type FileHandle, mkdir, open, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { ensureCodexHome } from "../codex-home.ts";
import { SessionError } from "./errors.ts";
import { codexHomeOf } from "./rollout-path.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Whose files are to be trusted below a CODEX_HOME. */
export interface HomeOwner {
  readonly uid: number;
  readonly gid: number;
}

/** @throws {Error} of the system, where there is no such folder */
export async function ownerOf(codexHome: string): Promise<HomeOwner> {
  const { uid, gid } = await stat(codexHome);
  return { uid, gid };
}

/** Whether nobody else could have made this file or folder: who runs this, whose home it is, and root. */
export function isOwn({ uid }: Stats, owner: HomeOwner | undefined): boolean {
  return uid === process.geteuid?.() || uid === owner?.uid || uid === 0;
}

/** root who writes into a user's home leaves what is made there to the user. */
export async function giveToOwner(file: FileHandle, owner: HomeOwner): Promise<void> {
  if (process.geteuid?.() === 0 && owner.uid !== 0) await file.chown(owner.uid, owner.gid).catch(() => {});
}

/**
 * Make the folder of a session's file, and those above it up to CODEX_HOME, where they are missing.
 *
 * @param folder - below `codexHome`
 * @throws {SessionError} SESSION_UNSAFE
 * @throws {Error} of the system
 */
export async function ensureSessionFolder(codexHome: string, folder: string): Promise<HomeOwner> {
  await ensureCodexHome(codexHome);
  const owner = await ownerOf(codexHome);
  let at = codexHome;
  for (const name of relative(codexHome, folder).split(sep)) {
    at = join(at, name);
    if (await makeFolder(at)) {
      const made = await open(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      await giveToOwner(made, owner).finally(() => made.close());
    }
    if (!isOwn(await stat(at), owner)) {
      throw new SessionError("SESSION_UNSAFE", `the folder ${at} belongs to another user`);
    }
  }
  return owner;
}

async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Open the file of a session that exists, and only a file: no link, no FIFO, none that another user owns.
 *
 * @param flags - how to open it
 * @throws {SessionError} SESSION_UNSAFE
 * @throws {Error} of the system
 */
export async function openSessionFile(
  path: string,
  flags: number,
): Promise<{ readonly file: FileHandle; readonly facts: Stats }> {
  let file: FileHandle;
  try {
    file = await open(path, flags | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ELOOP") throw error;
    throw new SessionError("SESSION_UNSAFE", `${path} is a symbolic link`, error);
  }
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw new SessionError("SESSION_UNSAFE", `${path} is not a file`);
    const codexHome = codexHomeOf(path);
    if (!isOwn(facts, codexHome === undefined ? undefined : await ownerOf(codexHome))) {
      throw new SessionError("SESSION_UNSAFE", `${path} belongs to another user`);
    }
    return { file, facts };
  } catch (error) {
    await file.close();
    throw error;
  }
}
