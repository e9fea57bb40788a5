// The system's keyring: Secret Service on Linux, Keychain on macOS. Service and account are those of the
// original, so that both programs find each other's entry. The kernel's own keyring is not used: it forgets.

import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { type AuthDocument, parseAuthDocument } from "./auth-document.ts";
import type { CredentialStore } from "./credential-store.ts";
import { AuthError } from "./errors.ts";

/** One password of the keyring. */
export interface KeyringEntry {
  getPassword(): Promise<string | null | undefined>;
  setPassword(password: string): Promise<void>;
  deletePassword(): Promise<boolean>;
}

const service = "Codex Auth";

/** @param file - removed once the keyring has the login, so that it is kept in one place */
export function openKeyringStore(
  codexHome: string,
  file: CredentialStore,
  warn: (message: string) => void,
  openEntry: (service: string, account: string) => Promise<KeyringEntry> = openSystemEntry,
): CredentialStore {
  const use = async <T>(action: (entry: KeyringEntry) => Promise<T>): Promise<T> => {
    try {
      return await action(await openEntry(service, await keyringAccount(codexHome)));
    } catch (cause) {
      if (cause instanceof AuthError) throw cause;
      throw new AuthError("AUTH_KEYRING_UNAVAILABLE", "the keyring cannot be used", { cause });
    }
  };
  return {
    async load() {
      const text = await use((entry) => entry.getPassword());
      return typeof text === "string" ? parseAuthDocument(text, "the keyring's entry") : undefined;
    },
    async beginSave() {
      // Reading says whether somebody is there.
      await use((entry) => entry.getPassword());
      return {
        async abandon() {},
        async commit(document: AuthDocument) {
          await use((entry) => entry.setPassword(JSON.stringify(document)));
          await file.remove().catch(() => warn("auth.json could not be removed: it still holds a login"));
        },
      };
    },
    async remove() {
      const fromKeyring = await use((entry) => entry.deletePassword());
      const fromFile = await file.remove();
      return fromKeyring || fromFile;
    },
  };
}

/** The account of the entry: one for each CODEX_HOME. */
async function keyringAccount(codexHome: string): Promise<string> {
  const canonical = await realpath(codexHome).catch(() => codexHome);
  return `cli|${createHash("sha256").update(canonical).digest("hex").slice(0, 16)}`;
}

async function openSystemEntry(ofService: string, account: string): Promise<KeyringEntry> {
  let library: typeof import("@napi-rs/keyring");
  try {
    library = await import("@napi-rs/keyring");
  } catch (cause) {
    throw new AuthError("AUTH_KEYRING_UNAVAILABLE", "this installation has no keyring library", { cause });
  }
  return new library.AsyncEntry(ofService, account, { linux: { store: "secret-service" } });
}
