// Reads a document that people keep for agents, whatever stands in its place: a FIFO or device does not
// make us wait, no more than the wanted bytes are read, and what is cut or not UTF-8 stays readable.

import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";

export type Document =
  | { readonly kind: "text"; readonly text: string; readonly bytes: number; readonly isCut: boolean }
  | { readonly kind: "absent" }
  | { readonly kind: "unusable"; readonly reason: string };

// Files that the kernel writes: a link to one of them would send what this process knows.
const ofKernel = /^\/(?:proc|sys|dev)\//;

/** @param maxBytes - what is behind them is left out, a character that they cut through included */
export async function readDocument(path: string, maxBytes: number): Promise<Document> {
  let file: FileHandle;
  try {
    if (ofKernel.test(await realpath(path))) return unusable("it leads to a file of the kernel");
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "absent" };
    return unusable(reasons[code ?? ""] ?? code ?? "unknown reason");
  }
  try {
    if (!(await file.stat()).isFile()) return { kind: "absent" };
    const bytes = await readAtMost(file, maxBytes + 1);
    const isCut = bytes.length > maxBytes;
    const kept = isCut ? bytes.subarray(0, wholeCharacters(bytes, maxBytes)) : bytes;
    return { kind: "text", text: new TextDecoder().decode(kept), bytes: kept.length, isCut };
  } catch (error) {
    return unusable((error as NodeJS.ErrnoException).code ?? "unknown reason");
  } finally {
    await file.close();
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "too many symbolic links",
};

function unusable(reason: string): Document {
  return { kind: "unusable", reason };
}

// A file may grow while it is read: the size that stat tells is no bound.
async function readAtMost(file: FileHandle, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < limit) {
    const chunk = Buffer.allocUnsafe(Math.min(65_536, limit - length));
    const { bytesRead } = await file.read(chunk, 0, chunk.length);
    if (bytesRead === 0) break;
    chunks.push(chunk.subarray(0, bytesRead));
    length += bytesRead;
  }
  return Buffer.concat(chunks, length);
}

/** How many of the first `length` bytes make whole UTF-8 characters. */
function wholeCharacters(bytes: Uint8Array, length: number): number {
  let end = length;
  while (end > 0 && length - end < 4 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return end;
}
