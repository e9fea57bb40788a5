// Why a system call failed, in the words of the original's runtime: people read them and scripts match on them.

import { getSystemErrorMap } from "node:util";

const texts: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EBUSY: "Resource busy",
  EDQUOT: "Quota exceeded",
  EFBIG: "File too large",
  EINVAL: "Invalid argument",
  EIO: "I/O error",
  EISDIR: "Is a directory",
  ELOOP: "Symbolic link loop",
  EMFILE: "No file descriptors available",
  ENAMETOOLONG: "Filename too long",
  ENODEV: "No such device",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  ENXIO: "No such device or address",
  EPERM: "Operation not permitted",
  EROFS: "Read-only file system",
  ETXTBSY: "Text file busy",
};

/** The `code` of a failed system call, undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("errno" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The reason in a few words, such as `No such file or directory (os error 2)`. */
export function reasonOf(error: unknown): string {
  const code = systemCode(error);
  if (code === undefined) return error instanceof Error ? error.message : String(error);
  const errno = (error as { errno?: unknown }).errno;
  if (typeof errno !== "number") return texts[code] ?? code;
  const text = texts[code] ?? getSystemErrorMap().get(errno)?.[1] ?? code;
  return `${text} (os error ${Math.abs(errno)})`;
}

/** An error that a system call might have given, for what is found out without one. */
export function systemError(code: "EISDIR" | "ELOOP" | "ENOENT" | "ENOTDIR"): Error {
  const errno = [...getSystemErrorMap()].find(([, [name]]) => name === code)?.[0];
  return Object.assign(new Error(texts[code]), { code, errno });
}
