// A file at one moment, as far as a diff needs it: what git would call its mode and its blob, and its text
// where it is one that can be shown.

import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { lstat, readlink } from "node:fs/promises";
import { readBoundedFile, UnreadableFile } from "../../bounded-file.ts";

export interface Snapshot {
  readonly mode: "100644" | "100755" | "120000";
  readonly size: number;
  /** sha1 of the blob, as git counts it; undefined where the content was not read */
  readonly oid: string | undefined;
  /** undefined for what is binary or was not read */
  readonly text: string | undefined;
  /** by which it is known again without being read: another one, and the file may be another */
  readonly identity: string;
}

/** Larger files are shown as changed, and no more is said of them. */
export const maxShownBytes = 1024 * 1024;

/**
 * Look at a file; a link is not followed.
 *
 * @param known - an earlier look, which counts on where nothing says that the file has changed
 * @param mayKeep - whether text of that many bytes may be kept
 * @returns undefined where there is no file or link
 */
export async function takeSnapshot(
  path: string,
  known: Snapshot | undefined,
  mayKeep: (bytes: number) => boolean,
): Promise<Snapshot | undefined> {
  const stats = await lstat(path, { bigint: true }).catch(() => undefined);
  if (stats === undefined || !(stats.isFile() || stats.isSymbolicLink())) return undefined;
  const identity = identityOf(stats);
  if (known?.identity === identity) return known;
  const mode = stats.isSymbolicLink() ? "120000" : (stats.mode & 0o100n) === 0n ? "100644" : "100755";
  const size = Number(stats.size);
  const unread: Snapshot = { mode, size, oid: undefined, text: undefined, identity };
  if (size > maxShownBytes || !mayKeep(size)) return unread;
  const bytes = await contentOf(path, mode === "120000");
  return bytes === undefined ? unread : { ...unread, oid: blobOid(bytes), text: textOf(bytes) };
}

function identityOf({ ctimeNs, dev, ino, mode, mtimeNs, size }: BigIntStats): string {
  return [dev, ino, mode, size, mtimeNs, ctimeNs].join(":");
}

async function contentOf(path: string, isLink: boolean): Promise<Buffer | undefined> {
  try {
    if (isLink) return await readlink(path, { encoding: "buffer" });
    return (await readBoundedFile(path, maxShownBytes)).bytes;
  } catch (error) {
    if (error instanceof UnreadableFile || isLink) return undefined;
    throw error;
  }
}

function blobOid(bytes: Buffer): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

function textOf(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
