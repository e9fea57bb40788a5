// Reads a small text file that a person keeps, whatever stands in its place: a FIFO does not make us wait,
// a device or a huge file is not read, and bytes that are not UTF-8 are refused rather than guessed at.

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { ConfigError } from "./errors.ts";

/** 4 MiB; a configuration that a person wrote has a thousandth of it. */
const maxBytes = 4 * 1024 * 1024;

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** owner and mode of the file itself, links followed */
  readonly uid: number;
  readonly mode: number;
}

/**
 * @returns undefined if there is no such file
 * @throws ConfigError if something is there that cannot be read as text
 */
export async function readSourceFile(path: string): Promise<SourceFile | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unreadable(path, reasonOf(code), error);
  }
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) throw unreadable(path, "it is a folder");
    if (!stat.isFile()) throw unreadable(path, "it is not a regular file");
    if (stat.size > maxBytes) throw unreadable(path, `it is larger than ${maxBytes} bytes`);
    const bytes = await readAtMost(file, maxBytes + 1);
    if (bytes.length > maxBytes) throw unreadable(path, `it is larger than ${maxBytes} bytes`);
    return { path, text: decode(path, bytes), uid: stat.uid, mode: stat.mode };
  } finally {
    await file.close();
  }
}

/** A regular file may grow while it is read: the size that stat told is no bound. */
async function readAtMost(file: FileHandle, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < limit) {
    const chunk = Buffer.alloc(Math.min(65_536, limit - length));
    const { bytesRead } = await file.read(chunk, 0, chunk.length);
    if (bytesRead === 0) break;
    chunks.push(chunk.subarray(0, bytesRead));
    length += bytesRead;
  }
  return Buffer.concat(chunks, length);
}

function decode(path: string, bytes: Buffer): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw unreadable(path, "it is not UTF-8", error);
  }
  if (text.includes("\0")) throw unreadable(path, "it has a NUL character");
  return text;
}

function unreadable(path: string, reason: string, cause?: unknown): ConfigError {
  return new ConfigError("CONFIG_UNREADABLE", `cannot read ${path}: ${reason}`, { cause });
}

function reasonOf(code: string | undefined): string {
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "ELOOP") return "too many symbolic links";
  if (code === "ENXIO") return "it is not a regular file";
  return code ?? "unknown reason";
}
