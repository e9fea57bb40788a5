// A document that people keep for agents: no more than the wanted bytes of it are read, and what is cut or
// is not UTF-8 stays readable.

import { realpath } from "node:fs/promises";
import { readFileStart, UnreadableFile } from "../bounded-file.ts";
import { systemCode } from "../system-error.ts";

export type Document =
  | { readonly kind: "text"; readonly text: string; readonly bytes: number; readonly isCut: boolean }
  | { readonly kind: "absent" }
  | { readonly kind: "unusable"; readonly reason: string };

// Files that the kernel writes: a link to one of them would send what this process knows.
const ofKernel = /^\/(?:proc|sys|dev)\//;

/** @param maxBytes - what is behind them is left out, a character that they cut through included */
export async function readDocument(path: string, maxBytes: number): Promise<Document> {
  try {
    if (ofKernel.test(await realpath(path))) return unusable("it leads to a file of the kernel");
    const { bytes, isCut } = await readFileStart(path, maxBytes);
    const kept = isCut ? wholeCharacters(bytes) : bytes;
    return { kind: "text", text: new TextDecoder().decode(kept), bytes: kept.length, isCut };
  } catch (error) {
    const isAnswered = error instanceof UnreadableFile;
    if (isAnswered && error.reason !== "refused") return { kind: "absent" };
    const code = systemCode(isAnswered ? error.cause : error);
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "absent" };
    return unusable(reasons[code ?? ""] ?? code ?? "unknown reason");
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

/** Bytes without the start of a UTF-8 character at their end. */
function wholeCharacters(bytes: Uint8Array): Uint8Array {
  let start = bytes.length - 1;
  while (start > 0 && bytes.length - start < 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  const lead = bytes[start] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start + length > bytes.length ? bytes.subarray(0, start) : bytes;
}
