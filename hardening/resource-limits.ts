// Limits that bound a process which somebody has taken over. Optional: posix loads only in the Node
// that compiled it, and the lock denies the same things by other means.

import { fstatSync } from "node:fs";
import { createRequire } from "node:module";

interface Posix {
  setrlimit(resource: "nproc" | "fsize", limits: { readonly soft: number; readonly hard: number }): void;
}

// Threads count as processes here. Node has about a dozen; the rest is room for more.
const maxThreads = 64;

// Enough for any line on stderr, and none is set where dumps are written, which have no size of their own. Never 0: Node then dies of SIGXFSZ where stderr is a file.
const maxFileBytes = 1024 * 1024;

/**
 * Set the limits, for good. Call it when all threads exist and every file is written.
 *
 * @param wish.hasOwnUid - whether no other service shares the uid: processes are counted by uid
 * @param wish.writesFiles - whether files of any size are written
 * @returns false where the package is absent or built for another Node
 */
export function limitResources(wish: {
  readonly hasOwnUid: boolean;
  readonly writesFiles: boolean;
}): boolean {
  try {
    const posix = createRequire(import.meta.url)("posix") as Posix;
    if (wish.hasOwnUid) posix.setrlimit("nproc", { soft: maxThreads, hard: maxThreads });
    const logsToFile = [1, 2].some((fd) => fstatSync(fd).isFile());
    if (!logsToFile && !wish.writesFiles)
      posix.setrlimit("fsize", { soft: maxFileBytes, hard: maxFileBytes });
    return true;
  } catch {
    return false;
  }
}
