// Limits that bound a process which somebody has taken over. Optional: posix loads only in the Node
// that compiled it, and the lock denies the same things by other means.

import { fstatSync } from "node:fs";
import { createRequire } from "node:module";

interface Posix {
  setrlimit(resource: "nproc" | "fsize", limits: { readonly soft: number; readonly hard: number }): void;
}

// Threads count as processes here. Node has about a dozen; the rest is room for more.
const maxThreads = 64;

// Enough for any line on stderr. Never 0: Node then dies of SIGXFSZ where stderr is a file.
const maxFileBytes = 1024 * 1024;

/**
 * Set the limits, for good. Call it when all threads exist and every file is written.
 *
 * @param hasOwnUid - whether no other service shares the uid: processes are counted by uid
 * @returns false where the package is absent or built for another Node
 */
export function limitResources(hasOwnUid: boolean): boolean {
  try {
    const posix = createRequire(import.meta.url)("posix") as Posix;
    if (hasOwnUid) posix.setrlimit("nproc", { soft: maxThreads, hard: maxThreads });
    const logsToFile = [1, 2].some((fd) => fstatSync(fd).isFile());
    if (!logsToFile) posix.setrlimit("fsize", { soft: maxFileBytes, hard: maxFileBytes });
    return true;
  } catch {
    return false;
  }
}
