// Reading --client-tokens. The file decides who may spend: one that others may write is refused.

import fs from "node:fs";
import { dirname, resolve } from "node:path";
import { StartError } from "../errors.ts";
import { type ClientToken, ClientTokenFileError, parseClientTokens } from "./client-token.ts";

// What the admin socket takes as well.
const maxFileBytes = 1024 * 1024;

/**
 * Read the file.
 *
 * @param startUid - effective uid of whoever started the proxy, who may own it as root may
 * @throws {StartError} PXY_START_CLIENT_TOKENS naming the file and the line, never what it holds
 */
export function readClientTokens(file: string, startUid: number | undefined): readonly ClientToken[] {
  try {
    refuseForeignFolders(file, startUid);
    return parseClientTokens(readOwnFile(file, startUid));
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    const reason =
      cause instanceof ClientTokenFileError ? cause.message : (cause as NodeJS.ErrnoException).code;
    throw fail(file, reason ?? "it cannot be read", cause);
  }
}

// Whoever may write a folder on the way can put an older list of root's in this one's place.
function refuseForeignFolders(file: string, startUid: number | undefined): void {
  const places = new Set([resolve(file), fs.realpathSync(file)]);
  for (const folder of [...places].flatMap(foldersOf)) {
    const { uid, mode } = fs.statSync(folder);
    const isSticky = (mode & 0o1000) !== 0;
    if (uid !== 0 && uid !== startUid) throw fail(file, `${folder} belongs to another user`);
    if ((mode & 0o022) !== 0 && !isSticky) throw fail(file, `${folder} can be written by others`);
  }
}

function foldersOf(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [...foldersOf(folder), folder];
}

/** The content of a file that nobody but root and the starter may write. */
export function readOwnFile(file: string, startUid: number | undefined): string {
  // Not to wait for whoever writes to a pipe.
  const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const status = fs.fstatSync(fd);
    if (!status.isFile()) throw fail(file, "it is not a file");
    if (status.uid !== 0 && status.uid !== startUid) throw fail(file, "it belongs to another user");
    if ((status.mode & 0o022) !== 0) throw fail(file, "its group or others may write it (chmod go-w)");
    const buffer = Buffer.alloc(maxFileBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0; length += read)
      read = fs.readSync(fd, buffer, length, buffer.length - length, null);
    if (length > maxFileBytes) throw fail(file, "it is larger than 1 MiB");
    return buffer.toString("utf8", 0, length);
  } finally {
    fs.closeSync(fd);
  }
}

function fail(file: string, reason: string, cause?: unknown): StartError {
  return new StartError("PXY_START_CLIENT_TOKENS", `cannot use --client-tokens ${file}: ${reason}`, {
    cause,
  });
}
