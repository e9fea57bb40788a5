// Everything that changes a stored login, one after the other, across processes: without it a refresh that
// is on its way would bring back the login that was replaced or removed meanwhile.

import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CredentialStore } from "./credential-store.ts";
import { withProcessLock } from "./process-lock.ts";

/**
 * Run `action` while no other process changes the login of this CODEX_HOME.
 *
 * @throws {AuthError} AUTH_LOCKED
 */
export async function withStoreLock<T>(codexHome: string, action: () => Promise<T>): Promise<T> {
  await mkdir(codexHome, { recursive: true, mode: 0o700 }).catch(() => {});
  // A folder that is closed to this user, with a file in it that is not: there is no place for a lock.
  const isOpen = await access(codexHome, constants.W_OK).then(
    () => true,
    () => false,
  );
  return isOpen ? await withProcessLock(join(codexHome, "auth.json.refresh-lock"), action) : await action();
}

/** A store whose changes wait for those of other processes: for login and logout. */
export function lockedStore(codexHome: string, store: CredentialStore): CredentialStore {
  return {
    load: () => store.load(),
    async beginSave() {
      const pending = await store.beginSave();
      return {
        abandon: () => pending.abandon(),
        commit: (document) => withStoreLock(codexHome, () => pending.commit(document)),
      };
    },
    async remove() {
      // Who has never logged in gets no folder for it.
      if ((await access(codexHome).catch(() => "absent")) === "absent") return await store.remove();
      return await withStoreLock(codexHome, () => store.remove());
    },
  };
}
