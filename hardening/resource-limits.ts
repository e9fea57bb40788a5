// Limits that bound a process which somebody has taken over. Optional: posix loads only in the Node
// that compiled it, and the lock denies the same things by other means.

import { fstatSync } from "node:fs";
import { createRequire } from "node:module";

interface Posix {
  setrlimit(resource: "nproc" | "fsize", limits: { readonly soft: number; readonly hard: number }): void;
}

// Threads count as processes here. Node has about a dozen; the rest is room for more.
const maxThreads = 64;

// Enough for any line on stderr; none is set where dumps are written, which have no size of their own.
// Never 0: Node then dies of SIGXFSZ where stderr is a file.
const maxFileBytes = 1024 * 1024;

/** What is set depends on how the process serves. */
export interface ResourceWish {
  /** whether no other service shares the uid: processes are counted by uid */
  readonly hasOwnUid: boolean;
  /** whether files of any size are written */
  readonly writesFiles: boolean;
}

/**
 * Load what sets limits, while the files of the package can still be read.
 *
 * @returns sets them, for good: to be called when all threads exist. False where the package is absent,
 *   built for another Node, or refused by the system
 */
export function loadResourceLimits(): (wish: ResourceWish) => boolean {
  let posix: Posix;
  try {
    posix = createRequire(import.meta.url)("posix") as Posix;
  } catch {
    return () => false;
  }
  return (wish) => {
    try {
      if (wish.hasOwnUid) posix.setrlimit("nproc", { soft: maxThreads, hard: maxThreads });
      const logsToFile = [1, 2].some((fd) => fstatSync(fd).isFile());
      if (!logsToFile && !wish.writesFiles) {
        posix.setrlimit("fsize", { soft: maxFileBytes, hard: maxFileBytes });
      }
      return true;
    } catch {
      return false;
    }
  };
}
