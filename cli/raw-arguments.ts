// Arguments as the kernel has them. Node puts U+FFFD where bytes are no UTF-8: another file, another prompt.

import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";

/** Whether Node has changed one of these arguments of the process; false where the system cannot tell. */
export function hasLostBytes(args: readonly string[]): boolean {
  if (!args.some((word) => word.includes("\ufffd"))) return false;
  try {
    return !isUtf8(readFileSync("/proc/self/cmdline"));
  } catch {
    return false;
  }
}
