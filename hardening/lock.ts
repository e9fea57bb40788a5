// The last step before serving: what the process does not need any more is denied to it for good.

import { constants } from "node:os";
import { HardeningError } from "./errors.ts";
import { native } from "./native.ts";

/**
 * Put the system call filter in place, on every thread (native/addon/seccomp-lock.cc).
 *
 * @param hasJanitor - whether somebody else removes the server info
 * @returns false where the kernel has no seccomp
 * @throws {HardeningError} HRD_ERR_LOCK when it refuses the filter for another reason
 */
export function lockProcess(hasJanitor: boolean): boolean {
  const error = native.lock(hasJanitor);
  if (error === 0) return true;
  const { ENOSYS, EINVAL } = constants.errno;
  if (error === ENOSYS || error === EINVAL) return false;
  throw new HardeningError("HRD_ERR_LOCK", `errno ${error}`);
}
