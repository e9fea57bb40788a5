// Threads that are put aside, brought back, or deleted. A thread that somebody is at work on stays where it
// is, and nothing that is there already is replaced.

import { link, lstat, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { reasonOf } from "../system-error.ts";
import { SessionError } from "./errors.ts";
import { holdLock } from "./rollout-file.ts";
import { archiveFolder, dayFolderOf } from "./rollout-path.ts";
import { ensureSessionFolder } from "./session-folder.ts";
import { findThread } from "./threads.ts";

export interface ThreadChoice {
  readonly codexHome: string;
  readonly idOrName: string;
}

/** What was done to it, and where its file is now. */
export interface MovedThread {
  readonly id: string;
  readonly file: string;
}

/**
 * Put a thread aside: lists leave it out.
 *
 * @throws {SessionError} SESSION_NOT_FOUND, SESSION_IN_USE, SESSION_UNSAFE, SESSION_NOT_CHANGED
 */
export async function archiveThread(choice: ThreadChoice): Promise<MovedThread> {
  const thread = await findThread(choice);
  if (thread === undefined) throw notFound("active", choice);
  return await move(choice.codexHome, thread, archiveFolder);
}

/**
 * Bring a thread back.
 *
 * @throws {SessionError} SESSION_NOT_FOUND, SESSION_IN_USE, SESSION_UNSAFE, SESSION_NOT_CHANGED
 */
export async function unarchiveThread(choice: ThreadChoice): Promise<MovedThread> {
  const thread = await findThread({ ...choice, isArchived: true });
  const folder = thread && dayFolderOf(basename(thread.file));
  if (thread === undefined || folder === undefined) throw notFound("archived", choice);
  return await move(choice.codexHome, thread, folder);
}

/**
 * The thread that deleteThread() would delete, archived or not.
 *
 * @throws {SessionError} SESSION_NOT_FOUND
 */
export async function findAnyThread(choice: ThreadChoice): Promise<MovedThread> {
  const found = (await findThread(choice)) ?? (await findThread({ ...choice, isArchived: true }));
  if (found === undefined) throw notFound("active or archived", choice);
  return found;
}

/**
 * Delete a thread for good.
 *
 * @throws {SessionError} SESSION_IN_USE, SESSION_NOT_CHANGED
 */
export async function deleteThread(thread: MovedThread): Promise<void> {
  await changing("delete", thread, () => unlink(thread.file));
}

function notFound(kind: string, { idOrName }: ThreadChoice): SessionError {
  return new SessionError("SESSION_NOT_FOUND", `No ${kind} session found matching '${idOrName}'.`);
}

async function move(codexHome: string, thread: MovedThread, folder: string): Promise<MovedThread> {
  const target = join(codexHome, folder, basename(thread.file));
  await changing("move", thread, async () => {
    await ensureSessionFolder(codexHome, dirname(target));
    await moveWithoutReplacing(thread.file, target);
  });
  return { id: thread.id, file: target };
}

async function changing(verb: string, { id, file }: MovedThread, action: () => Promise<void>): Promise<void> {
  try {
    const release = await holdLock(file);
    await action().finally(release);
  } catch (error) {
    if (error instanceof SessionError) throw error;
    throw new SessionError(
      "SESSION_NOT_CHANGED",
      `cannot ${verb} the session ${id}: ${reasonOf(error)}`,
      error,
    );
  }
}

// rename(2) would replace what is there.
async function moveWithoutReplacing(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw error;
    if ((await lstat(to).catch(() => undefined)) !== undefined) throw error;
    return await rename(from, to);
  }
  await unlink(from);
}
