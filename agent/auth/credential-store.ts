// Where a login is kept: auth.json, the keyring, or the keyring with the file behind it.

import type { CredentialsStore } from "../config/config.ts";
import type { AuthDocument } from "./auth-document.ts";
import { openFileStore } from "./file-store.ts";
import { type KeyringEntry, openKeyringStore } from "./keyring-store.ts";

/** A save that has been begun: it is known that it can be written. */
export interface PendingSave {
  commit(document: AuthDocument): Promise<void>;
  abandon(): Promise<void>;
}

export interface CredentialStore {
  /** @throws {AuthError} where something is there that cannot be read */
  load(): Promise<AuthDocument | undefined>;
  /** make sure that a document can be written, before a token is spent that could not be kept */
  beginSave(): Promise<PendingSave>;
  /** @returns whether there was something */
  remove(): Promise<boolean>;
}

export interface CredentialStoreRequest {
  readonly codexHome: string;
  readonly store: CredentialsStore;
  warn(message: string): void;
  /** stands in for the system's keyring */
  readonly openEntry?: (service: string, account: string) => Promise<KeyringEntry>;
}

/** Open the store that `cli_auth_credentials_store` names. */
export function openCredentialStore(request: CredentialStoreRequest): CredentialStore {
  const file = openFileStore(request.codexHome, request.warn);
  if (request.store === "file") return file;
  const keyring = openKeyringStore(request.codexHome, file, request.warn, request.openEntry);
  return request.store === "keyring" ? keyring : withFileBehind(keyring, file, request.warn);
}

/** Write a document at once. */
export async function saveDocument(store: CredentialStore, document: AuthDocument): Promise<void> {
  await (await store.beginSave()).commit(document);
}

function withFileBehind(
  keyring: CredentialStore,
  file: CredentialStore,
  warn: (message: string) => void,
): CredentialStore {
  return {
    async load() {
      const found = await keyring.load().catch(() => undefined);
      return found ?? (await file.load());
    },
    async beginSave() {
      // The file is begun only when it is needed: a keyring that works leaves nothing on disk.
      const pending = await keyring.beginSave().catch(() => undefined);
      if (pending === undefined) return await file.beginSave();
      return {
        abandon: () => pending.abandon(),
        async commit(document) {
          try {
            await pending.commit(document);
          } catch {
            warn("the keyring did not take the login: it is kept in auth.json");
            await saveDocument(file, document);
          }
        },
      };
    },
    async remove() {
      const fromKeyring = await keyring.remove().catch(() => false);
      const fromFile = await file.remove();
      return fromKeyring || fromFile;
    },
  };
}
