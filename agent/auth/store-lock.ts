// Everything that changes a stored login, one after the other, across processes: without it a refresh that
// is on its way would bring back the login that was replaced or removed meanwhile.

import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { ensureCodexHome } from "../codex-home.ts";
import { FileLockError, withFileLock } from "../file-lock.ts";
import type { AuthDocument } from "./auth-document.ts";
import type { CredentialStore } from "./credential-store.ts";
import { AuthError } from "./errors.ts";

// Not auth.json.lock: that is a lock of the original, which stays when nobody holds it.
const lockName = "auth.json.write-lock";

/**
 * Run `action` while no other process changes the login of this CODEX_HOME.
 *
 * @throws {AuthError} AUTH_LOCKED; AUTH_FILE_UNWRITABLE where there is no room for a lock
 */
export async function withStoreLock<T>(codexHome: string, action: () => Promise<T>): Promise<T> {
  await ensureCodexHome(codexHome).catch(() => {});
  // A folder that is closed to this user, with a file in it that is not: there is no place for a lock.
  const isOpen = await access(codexHome, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!isOpen) return await action();
  try {
    return await withFileLock(join(codexHome, lockName), action);
  } catch (error) {
    if (!(error instanceof FileLockError)) throw error;
    const code = error.code === "FILE_LOCKED" ? "AUTH_LOCKED" : "AUTH_FILE_UNWRITABLE";
    throw new AuthError(code, error.message, { cause: error });
  }
}

/** A store whose changes wait for those of other processes: for login and logout. */
export interface LockedStore extends CredentialStore {
  /** remove the login and say what it was, where it could be read */
  take(): Promise<{ readonly hadLogin: boolean; readonly document?: AuthDocument | undefined }>;
}

/** Make one of a store that waits for nobody. */
export function lockedStore(codexHome: string, store: CredentialStore): LockedStore {
  const take = async () => {
    const document = await store.load().catch(() => undefined);
    return { hadLogin: await store.remove(), document };
  };
  const takeLocked = async () => {
    // Who has never logged in gets no folder for it.
    if ((await access(codexHome).catch(() => "absent")) === "absent") return await take();
    return await withStoreLock(codexHome, take).catch(async (error: unknown) => {
      // On a full disk there is no room for a lock, and every reason to be able to log out.
      if (!(error instanceof AuthError) || error.code !== "AUTH_FILE_UNWRITABLE") throw error;
      return await take();
    });
  };
  return {
    load: () => store.load(),
    async beginSave() {
      const pending = await store.beginSave();
      return {
        abandon: () => pending.abandon(),
        commit: (document) =>
          withStoreLock(codexHome, () => pending.commit(document)).catch(async (error: unknown) => {
            // Where the lock was not to be had, nothing has ended what was begun.
            await pending.abandon().catch(() => {});
            throw error;
          }),
      };
    },
    remove: async () => (await takeLocked()).hadLogin,
    take: takeLocked,
  };
}
