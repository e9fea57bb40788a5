// Threads that are put aside, brought back, or deleted. A thread that somebody is at work on stays where it
// is, and nothing that is there already is replaced.

import { link, lstat, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { reasonOf, systemCode } from "../system-error.ts";
import { forgetInCatalog } from "./catalog.ts";
import { SessionError } from "./errors.ts";
import { holdLock, lockPath } from "./rollout-file.ts";
import { archiveFolder, dayFolderOf } from "./rollout-path.ts";
import { sessionPlaces } from "./session-files.ts";
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
 * Delete a thread for good, from wherever it is: one whose mover was killed half way is in two places.
 *
 * @throws {SessionError} SESSION_IN_USE, SESSION_NOT_CHANGED
 */
export async function deleteThread({ codexHome, id }: { codexHome: string; id: string }): Promise<void> {
  for (const isArchived of [false, true]) {
    for (const { path } of sessionPlaces(codexHome, isArchived).filter((place) => place.id === id)) {
      await changing("delete", { id, file: path }, () => unlink(path));
    }
  }
  await forgetInCatalog(codexHome, id);
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
    const release = await holdLock(file).catch((error: unknown) => withoutLock(verb, file, error));
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

// Who makes room on a full disk cannot make a lock first; where there is none, nobody is at work.
async function withoutLock(verb: string, file: string, error: unknown): Promise<() => Promise<void>> {
  const isFull = ["ENOSPC", "EDQUOT"].includes(systemCode(error) ?? "");
  const isFree = (await lstat(lockPath(file)).catch(() => undefined)) === undefined;
  if (verb !== "delete" || !isFull || !isFree) throw error;
  return async () => {};
}

// rename(2) would replace what is there.
async function moveWithoutReplacing(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    // Who was killed between the two steps has left both names: what is missing is the second step.
    if (code === "EEXIST" && (await areOne(from, to))) return await unlink(from);
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw error;
    if ((await lstat(to).catch(() => undefined)) !== undefined) throw error;
    return await rename(from, to);
  }
  await unlink(from);
}

async function areOne(path: string, other: string): Promise<boolean> {
  const [one, two] = await Promise.all([path, other].map((name) => lstat(name)));
  return one?.dev === two?.dev && one?.ino === two?.ino;
}
