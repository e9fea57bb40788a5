// Reads a small text file that a person keeps, whatever stands in its place: a FIFO does not make us wait,
// a device or a huge file is not read, and bytes that are not UTF-8 are refused rather than guessed at.

import { readBoundedFile, UnreadableFile } from "../bounded-file.ts";
import { systemCode } from "../system-error.ts";
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
  try {
    const { bytes, stats } = await readBoundedFile(path, maxBytes);
    return { path, text: decode(path, bytes), uid: stats.uid, mode: stats.mode };
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    if (error.reason === "absent") return undefined;
    throw unreadable(path, words(error), error);
  }
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

function words({ reason, cause }: UnreadableFile): string {
  switch (reason) {
    case "absent":
      return "it is not there";
    case "folder":
      return "it is a folder";
    case "not-regular":
      return "it is not a regular file";
    case "too-large":
      return `it is larger than ${maxBytes} bytes`;
    case "refused": {
      const code = systemCode(cause);
      if (code === "EACCES" || code === "EPERM") return "permission denied";
      return code === "ELOOP" ? "too many symbolic links" : (code ?? "unknown reason");
    }
  }
}
