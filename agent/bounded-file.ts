// Reads a file whole, whatever stands in its place: unless they are wanted, a FIFO makes nobody wait and a
// device is not read; and what has no end, or grows while it is read, is refused at the bound.

import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { systemCode } from "./system-error.ts";

export type UnreadableReason =
  | "absent"
  | "folder"
  /** a device, pipe or socket */
  | "not-regular"
  | "too-large"
  /** refused by the system: see `cause` */
  | "refused";

/** A file that was not read. Its message names the path; `cause` is the system's error where there is one. */
export class UnreadableFile extends Error {
  override readonly name = "UnreadableFile";
  readonly reason: UnreadableReason;

  constructor(path: string, reason: UnreadableReason, cause?: unknown) {
    super(`cannot read ${path}: ${reason}`, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

export interface BoundedFile {
  readonly bytes: Buffer;
  /** of the file itself, links followed */
  readonly stats: Stats;
}

export interface ReadOptions {
  /** also pipes and terminals, such as a shell's `<(COMMAND)`; then it waits for them */
  readonly takesStreams?: boolean;
  /** a link in the place of the file is refused, with ELOOP */
  readonly refusesLink?: boolean;
}

/**
 * Read a regular file; links are followed.
 *
 * @param maxBytes - a larger file is refused, not cut
 * @throws UnreadableFile
 */
export async function readBoundedFile(
  path: string,
  maxBytes: number,
  options: ReadOptions = {},
): Promise<BoundedFile> {
  return withFile(path, options, async (file, stats) => {
    if (stats.size > maxBytes) throw new UnreadableFile(path, "too-large");
    const bytes = await readAtMost(file, stats.size, maxBytes + 1);
    if (bytes.length > maxBytes) throw new UnreadableFile(path, "too-large");
    return { bytes, stats };
  });
}

/** The first bytes of a file; `isCut`: there are more. */
export type FileStart = BoundedFile & { readonly isCut: boolean };

/**
 * Read the first `maxBytes` of a regular file; links are followed.
 *
 * @throws UnreadableFile
 */
export async function readFileStart(path: string, maxBytes: number): Promise<FileStart> {
  return withFile(path, {}, async (file, stats) => {
    const bytes = await readAtMost(file, Math.min(stats.size, maxBytes), maxBytes + 1);
    return { bytes: bytes.subarray(0, maxBytes), stats, isCut: bytes.length > maxBytes };
  });
}

async function withFile<Result>(
  path: string,
  options: ReadOptions,
  read: (file: FileHandle, stats: Stats) => Promise<Result>,
): Promise<Result> {
  const file = await openToRead(path, options);
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw new UnreadableFile(path, "folder");
    if (!stats.isFile() && !options.takesStreams) throw new UnreadableFile(path, "not-regular");
    return await read(file, stats);
  } catch (error) {
    throw error instanceof UnreadableFile ? error : new UnreadableFile(path, "refused", error);
  } finally {
    await file.close();
  }
}

async function openToRead(path: string, { takesStreams, refusesLink }: ReadOptions): Promise<FileHandle> {
  const { O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  const flags = O_RDONLY | O_NOCTTY | (takesStreams ? 0 : O_NONBLOCK) | (refusesLink ? O_NOFOLLOW : 0);
  try {
    return await open(path, flags);
  } catch (error) {
    throw new UnreadableFile(path, reasonFor(systemCode(error)), error);
  }
}

function reasonFor(code: string | undefined): UnreadableReason {
  if (code === "ENOENT" || code === "ENOTDIR") return "absent";
  return code === "ENXIO" ? "not-regular" : "refused"; // ENXIO: a socket
}

// The size that stat told is no bound: files of /proc have none, and others grow.
async function readAtMost(file: FileHandle, expected: number, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < limit) {
    const wanted = Math.max(expected + 1 - length, 65_536);
    const chunk = Buffer.allocUnsafe(Math.min(wanted, limit - length));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) break;
    chunks.push(chunk.subarray(0, bytesRead));
    length += bytesRead;
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length);
}
