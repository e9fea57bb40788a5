// auth.json in CODEX_HOME: read whole, replaced whole, mode 0600, at its target where it is a symbolic link.

import { lstat, readlink, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { readBoundedFile, UnreadableFile } from "../bounded-file.ts";
import { ensureCodexHome } from "../codex-home.ts";
import { beginReplacement, removeLeftovers } from "../replace-file.ts";
import { formatAuthDocument, parseAuthDocument } from "./auth-document.ts";
import type { CredentialStore } from "./credential-store.ts";
import { AuthError, type AuthErrorCode } from "./errors.ts";
import { followTrusted } from "./file-trust.ts";

// More than any document has; a device or a wrong file is not read for ever.
const maxBytes = 1024 * 1024;

/** @param codexHome - created with mode 0700 when something is written, if it is missing */
export function openFileStore(codexHome: string, warn: (message: string) => void): CredentialStore {
  const path = join(codexHome, "auth.json");
  return {
    async load() {
      const text = await explained("AUTH_FILE_UNREADABLE", path, () => readAt(path));
      return text === undefined ? undefined : parseAuthDocument(text, path);
    },
    async beginSave() {
      const replacement = await explained("AUTH_FILE_UNWRITABLE", path, async () => {
        await ensureCodexHome(codexHome);
        return await beginReplacement(await followTrusted(path));
      });
      return {
        abandon: () => replacement.abandon(),
        commit: (document) =>
          explained("AUTH_FILE_UNWRITABLE", path, () => replacement.commit(formatAuthDocument(document))),
      };
    },
    remove: () => explained("AUTH_FILE_UNWRITABLE", path, () => removeAt(path, warn)),
  };
}

async function readAt(path: string): Promise<string | undefined> {
  const target = await followTrusted(path);
  try {
    return (await readBoundedFile(target, maxBytes, { refusesLink: true })).bytes.toString("utf8");
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    switch (error.reason) {
      case "absent":
        return undefined;
      case "folder":
      case "not-regular":
        throw new AuthError("AUTH_FILE_KIND", `${path} is not a regular file`);
      case "too-large":
        throw new AuthError("AUTH_FILE_MALFORMED", `${path} is larger than 1 MiB`);
      case "refused":
        throw error.cause;
    }
  }
}

async function removeAt(path: string, warn: (message: string) => void): Promise<boolean> {
  await removeLeftovers(path, 0);
  try {
    const facts = await lstat(path);
    const target = facts.isSymbolicLink() ? resolve(dirname(path), await readlink(path)) : undefined;
    await unlink(path);
    if (target !== undefined) warn(`${path} was a symbolic link; ${target} is left as it is`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

async function explained<T>(code: AuthErrorCode, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof AuthError) throw cause;
    const verb = code === "AUTH_FILE_UNREADABLE" ? "read" : "written";
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    throw new AuthError(code, `${path} cannot be ${verb} (${reason})`, { cause });
  }
}
