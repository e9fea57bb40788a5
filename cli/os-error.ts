// Faults of the file system in the words of the original's runtime, which scripts have seen.

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "No such file or directory",
  EACCES: "Permission denied",
  EISDIR: "Is a directory",
  ENOTDIR: "Not a directory",
  EROFS: "Read-only file system",
  ENOSPC: "No space left on device",
};

/** `No such file or directory (os error 2)`; the code alone where it has no words here. */
export function osError({ errno, code = "" }: NodeJS.ErrnoException): string {
  const reason = reasons[code] ?? code;
  return errno === undefined ? reason : `${reason} (os error ${-errno})`;
}
