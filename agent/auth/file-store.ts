// auth.json in CODEX_HOME: read whole, replaced whole, mode 0600, at its target where it is a symbolic link.

import { constants } from "node:fs";
import { lstat, open, readlink, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
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
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  const file = await open(target, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw new AuthError("AUTH_FILE_KIND", `${path} is not a regular file`);
    if (facts.size > maxBytes) throw new AuthError("AUTH_FILE_MALFORMED", `${path} is larger than 1 MiB`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
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
