// The last step before serving: what the process does not need any more is denied to it for good.

import { constants } from "node:os";
import { HardeningError } from "./errors.ts";
import { native } from "./native.ts";

/**
 * Put the system call filter in place, on every thread (native/addon/seccomp-lock.cc).
 *
 * @param needs - `removesFiles`: nobody else removes the server info; `makesFiles`: there are dumps to write
 * @returns false where the kernel has no seccomp
 * @throws {HardeningError} HRD_ERR_LOCK when it refuses the filter for another reason
 */
export function lockProcess(needs: {
  readonly removesFiles: boolean;
  readonly makesFiles: boolean;
}): boolean {
  const error = native.lock(!needs.removesFiles, needs.makesFiles);
  if (error === 0) return true;
  const { ENOSYS, EINVAL } = constants.errno;
  if (error === ENOSYS || error === EINVAL) return false;
  throw new HardeningError("HRD_ERR_LOCK", `errno ${error}`);
}

/**
 * Let new files be made in one folder only, by whatever thread (native/addon/file-fence.cc).
 *
 * @param folderFd - the folder; undefined for nowhere
 * @returns false where it cannot be had
 */
export function fenceNewFiles(folderFd: number | undefined): boolean {
  return native.fenceNewFiles(folderFd ?? -1) === 0;
}
